"""Does a fully connected network gain from more than three layers?"""

from typing import Annotated

import numpy as np
from matplotlib.figure import Figure

from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, ORANGE, draw, legend, percent, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table
from ._learn import learn, pictures

DEPTHS = (1, 2, 3, 4, 6)
THREE = 3
QUICK = {"epochs": 1.0, "train": 60, "seeds": 1}


def run(
    data: Annotated[str, About("the named set that is learned")] = "digits",
    train: Annotated[int, Limits(0), About("training pictures; 0: all")] = 0,
    epochs: Annotated[float, Limits(0.1, 1000), About("passes over them")] = 10.0,
    hidden: Annotated[int, Limits(1), About("units of each hidden layer")] = 100,
    seeds: Annotated[int, Limits(1, 100), About("trainings of each depth")] = 3,
) -> Exhibit:
    prepared = pictures(data, train)
    held_out: dict[int, list[float]] = {}
    learned: dict[int, list[float]] = {}
    for layers in DEPTHS:
        for seed in range(seeds):
            found = learn(
                prepared,
                layers=layers,
                hidden=hidden,
                optimizer="adam",
                lr=1e-3,
                schedule="cosine",
                epochs=epochs,
                seed=seed,
            )
            scores = found.task.evaluate()
            held_out.setdefault(layers, []).append(scores["validation_accuracy"])
            learned.setdefault(layers, []).append(scores["train_accuracy"])
    means = {layers: float(np.mean(found)) for layers, found in held_out.items()}
    spread = max(max(found) - min(found) for layers, found in held_out.items() if layers > 1)
    best = max(DEPTHS, key=lambda layers: means[layers])
    deeper = max(means[layers] for layers in DEPTHS if layers > THREE) - means[THREE]
    findings = [
        f"{data}, validation accuracy by layers: " + ", ".join(f"{n}: {means[n]:.1%}" for n in DEPTHS) + ".",
        f"The best deeper network is {abs(100 * deeper):.1f} points {'above' if deeper > 0 else 'below'} {THREE} layers"
        + (
            f"; trainings that differ only in their seed are up to {100 * spread:.1f} points apart."
            if seeds > 1
            else "; give it more seeds to know what that means."
        ),
    ]
    if seeds > 1:
        findings.append(
            f"So depth beyond {THREE} fully connected layers brings nothing that can be told from chance here."
            if deeper <= spread
            else f"So depth beyond {THREE} layers does help here; {best} layers are best."
        )
    findings.append("For convolutional networks it is otherwise: there depth is the key, because layers see further.")
    spans = {n: f"{min(found):.1%} to {max(found):.1%}" for n, found in held_out.items()}
    rows = [[str(n), f"{means[n]:.1%}", spans[n], f"{np.mean(learned[n]):.1%}"] for n in DEPTHS]
    return Exhibit(
        "Depth of a fully connected network",
        findings,
        [_by_depth(held_out, learned)],
        tables=[Table("Accuracy", ["layers", "validation", "over seeds", "training"], rows)],
        data={"validation": {str(n): a for n, a in held_out.items()}, "train": {str(n): a for n, a in learned.items()}},
    )


def _by_depth(held_out: dict[int, list[float]], learned: dict[int, list[float]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, found, colour in (("validation", held_out, BLUE), ("training", learned, ORANGE)):
            axes.plot(list(found), [np.mean(a) for a in found.values()], color=colour, label=name)
            for layers, each in found.items():
                axes.plot([layers] * len(each), each, "o", color=colour, ms=3.5, alpha=0.5, mew=0)
        scale(axes, "x", log=False, ticks=6)
        percent(axes, "y")
        axes.set_xlabel("layers with weights; 1 is a linear classifier")
        legend(axes)

    reading = "A dot is a training with a seed of its own, the line their mean; every hidden layer has as many units."
    return Chart("Accuracy against depth", draw(paint, 230), reading)
