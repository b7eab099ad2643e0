"""What do L1 and L2 penalties do to the weights?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..losses.penalties import l1, l2
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, MUTED, ORANGE, draw, legend, percent, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table
from ._learn import Learnt, learn, pictures

STRENGTHS = (0.0, 1e-4, 1e-3, 1e-2, 1e-1)
COLOURS = {"none": MUTED, "L2": BLUE, "L1": ORANGE, "both": GREEN}
SMALL = 0.01  # of the largest weight: below it a weight counts as gone
PAIR = {"(1, 0, 0, 0)": (1.0, 0.0, 0.0, 0.0), "(¼, ¼, ¼, ¼)": (0.25, 0.25, 0.25, 0.25)}
QUICK = {"epochs": 1.0, "train": 100}


def run(
    data: Annotated[str, About("the named set that a linear softmax learns")] = "digits",
    train: Annotated[int, Limits(0), About("training pictures; 0: all")] = 300,
    epochs: Annotated[float, Limits(0.1, 1000), About("passes over them")] = 40.0,
    strength: Annotated[float, Limits(0.0, 10.0), About("of the penalties whose weights are shown")] = 0.01,
    seed: Annotated[int, Limits(0), About("of weights and shuffling")] = 0,
) -> Exhibit:
    prepared = pictures(data, train)

    def taught(l1: float, l2: float) -> Learnt:
        return learn(prepared, model="linear", optimizer="momentum", lr=0.01, schedule="one_cycle", epochs=epochs,
                     l1=l1, weight_decay=l2, seed=seed)  # fmt: skip

    shown = {
        "none": taught(0.0, 0.0),
        "L2": taught(0.0, strength),
        "L1": taught(strength, 0.0),
        "both": taught(strength / 2, strength / 2),
    }
    weights = {name: weights_of(learnt) for name, learnt in shown.items()}
    accuracies = {
        "L2": [taught(0.0, s).task.evaluate()["validation_accuracy"] for s in STRENGTHS],
        "L1": [taught(s, 0.0).task.evaluate()["validation_accuracy"] for s in STRENGTHS],
    }
    gone = {name: float((np.abs(w) < SMALL * np.abs(w).max()).mean()) for name, w in weights.items()}
    largest = {name: float(np.abs(w).max()) for name, w in weights.items()}
    findings = [
        (
            "Weights (1, 0, 0, 0) and (¼, ¼, ¼, ¼) score x = (1, 1, 1, 1) alike. L2 charges 1 and ¼, so it prefers to "
            "spread; L1 charges 1 and 1."
        ),
        (
            f"Strength {strength:g} on {data}: weights below {SMALL:.0%} of the largest are {gone['none']:.0%} "
            "without a "
            f"penalty, {gone['L2']:.0%} with L2, {gone['L1']:.0%} with L1, {gone['both']:.0%} with half of each."
        ),
        (
            f"The largest weight is {largest['none']:.2g} without, {largest['L2']:.2g} with L2 and "
            f"{largest['L1']:.2g} with L1."
        ),
        *(_best(name, found) for name, found in accuracies.items()),
    ]
    rows = [[name, *(f"{float(charge(torch.tensor(w), 1.0)):g}" for charge in (l2, l1))] for name, w in PAIR.items()]
    tables = [Table("What each charges", ["weights", "sum of w²", "sum of |w|"], rows)]
    charts = [_histogram(weights), _by_strength(accuracies)]
    return Exhibit("Penalties on weights", findings, charts, tables=tables,
                   data={"gone": gone, "largest": largest, "validation_accuracy": accuracies})  # fmt: skip


def weights_of(learnt: Learnt) -> NDArray[np.float32]:
    """All weights of the templates, (K * C * H * W,)."""
    linear = learnt.layers[-1]
    assert isinstance(linear, torch.nn.Linear)
    found: NDArray[np.float32] = linear.weight.detach().numpy().ravel()
    return found


def _best(name: str, accuracies: list[float]) -> str:
    best = int(np.argmax(accuracies))
    return (
        f"{name}: validation accuracy {accuracies[0]:.1%} without, {accuracies[best]:.1%} at its best strength "
        f"{STRENGTHS[best]:g}, {accuracies[-1]:.1%} at {STRENGTHS[-1]:g}."
    )


def _histogram(weights: dict[str, NDArray[np.float32]]) -> Chart:
    reach = max(float(np.quantile(np.abs(w), 0.99)) for w in weights.values())
    bins = np.linspace(-reach, reach, 61)

    def paint(figure: Figure) -> None:
        for place, (name, w) in zip(figure.subplots(len(weights), 1, sharex=True), weights.items(), strict=True):
            place.hist(np.clip(w, -reach, reach), bins=bins, color=COLOURS[name])
            place.set_yscale("log")
            place.set_yticks([])
            place.set_title(name)
        scale(place, "x", log=False)
        place.set_xlabel("weight")

    reading = "Logarithmic height. L1 leaves a spike at 0 and few large weights, L2 a narrow hill without a spike."
    return Chart("Weights of the ten templates", draw(paint, 330), reading)


def _by_strength(accuracies: dict[str, list[float]]) -> Chart:
    places = range(len(STRENGTHS))

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, found in accuracies.items():
            axes.plot(places, found, "o-", color=COLOURS[name], label=name)
        axes.set_xticks(list(places), [f"{s:g}" for s in STRENGTHS])
        percent(axes, "y")
        axes.set(xlabel="strength", ylabel="validation accuracy")
        legend(axes)

    reading = "Too little changes nothing, too much leaves a model too simple; the best strength is found by trying."
    return Chart("How much is good", draw(paint, 230), reading)
