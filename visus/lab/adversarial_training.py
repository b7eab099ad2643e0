"""What does training against an adversary buy, and what does it cost?"""

import time
from typing import Annotated, Any

import numpy as np
from matplotlib.figure import Figure

from ..attacks._words import named
from ..data.prepare import prepare
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, ORANGE, draw, legend, percent, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit
from ._learn import learn
from ._under_attack import ADAM, as_length, held_out, names_rightly, network_of, standing, table

HOWS = ("noise", "fgsm", "pgd", "pgd:aim=margin:steps=50", "pgd_l2")
STEPS = 9  # epsilons of the curve, up to twice the one trained with
COLOURS = (BLUE, ORANGE, GREEN)
QUICK = {"train": 200, "epochs": 2.0, "held": 40}


def run(
    data: Annotated[str, About("a named set")] = "digits",
    epsilon: Annotated[float, Limits(0.001, 0.5), About("largest change of a value")] = 0.15,
    train: Annotated[int, Limits(20), About("training pictures")] = 1000,
    epochs: Annotated[float, Limits(0.01), About("passes over them")] = 20.0,
    held: Annotated[int, Limits(20), About("held-out pictures that are attacked")] = 300,
    seed: Annotated[int, Limits(0), About("of weights and of the order of the pictures")] = 0,
) -> Exhibit:
    prepared = prepare(data).limited(train)
    pixels, labels = held_out(prepared, held)
    rows, curves, seconds = {}, {}, {}
    epsilons = np.linspace(0, 2 * epsilon, STEPS).tolist()
    kinds: dict[str, dict[str, Any]] = {
        "as usual": {},
        "against fgsm": {"adversary": "fgsm", "epsilon": epsilon},
        "against pgd": {"adversary": "pgd", "epsilon": epsilon},
    }
    for name, settings in kinds.items():
        began = time.perf_counter()
        network = network_of(learn(prepared, hidden=128, epochs=epochs, seed=seed, **ADAM, **settings))
        seconds[name] = time.perf_counter() - began
        rows[name] = standing(network, pixels, labels, epsilon, HOWS)
        curves[name] = [names_rightly(network, named("pgd")(network, pixels, labels, e), labels) for e in epsilons]
    plain, robust = rows["as usual"], rows["against pgd"]
    findings = [
        (
            f"Under pgd of {epsilon:g}: trained as usual {plain['pgd']:.1%} right, against fgsm "
            f"{rows['against fgsm']['pgd']:.1%}, against pgd {robust['pgd']:.1%}."
        ),
        f"Unchanged pictures: {plain['clean']:.1%}, {rows['against fgsm']['clean']:.1%} and {robust['clean']:.1%}.",
        "Training took {:.1f} s, {:.1f} s and {:.1f} s.".format(*seconds.values()),
        (
            f"An attack not trained against, 50 steps that follow the margin, leaves {robust[HOWS[3]]:.1%} of the "
            "network "
            f"trained against pgd, {rows['against fgsm'][HOWS[3]]:.1%} of that trained against fgsm: judge a defence "
            "by attacks it has not seen."
        ),
    ]
    length = as_length(epsilon, pixels)
    reading = f"Per cent right of {len(labels)} held-out pictures; epsilon {epsilon:g}; pgd_l2 goes {length:.2g} far."
    return Exhibit(
        "Adversarial training",
        findings,
        [_chart(epsilons, curves, epsilon)],
        tables=[table("Accuracy under each attack", "trained", rows, reading)],
        data={"rows": rows, "curves": curves, "epsilons": epsilons, "seconds": seconds},
    )


def _chart(epsilons: list[float], curves: dict[str, list[float]], trained: float) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (name, shares), colour in zip(curves.items(), COLOURS, strict=True):
            axes.plot(epsilons, shares, color=colour, marker="o", ms=4, label=name)
        axes.axvline(trained, color="#5a6673", linestyle=":", linewidth=1)
        axes.set_ylim(0, 1.02)
        scale(axes, "x", log=False)
        percent(axes, "y")
        axes.set_xlabel("epsilon")
        legend(axes, columns=3)

    return Chart("Accuracy under pgd", draw(paint, 240), "Dotted: the epsilon that was trained with.")
