"""Does a search find more with random settings or with a grid of as many?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..data.batches import Prepared
from ..data.prepare import prepare
from ..engine.loop import fit
from ..recipes import classify
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, ORANGE, draw, legend, percent, scale
from ..report.figures.chart import Chart
from ..search import Span, grid, random
from ._exhibit import Exhibit

SPACE = {"lr": Span(1e-4, 10.0, log=True), "weight_decay": Span(1e-6, 1e-2, log=True)}
MOST_LOOKED_AT = 1_000
QUICK = {"trials": 4, "draws": 1, "epochs": 0.2}


@dataclass(frozen=True)
class Tried:
    """Settings and the validation accuracy they came to."""

    settings: Mapping[str, float]
    score: float


def run(
    data: Annotated[str, About("digits, cifar10 or a folder of pictures")] = "digits",
    trials: Annotated[int, Limits(4, 400), About("of the grid, and of each random search")] = 9,
    draws: Annotated[int, Limits(1, 50), About("random searches, so that none is taken for typical")] = 5,
    epochs: Annotated[float, Limits(0.01), About("of each trial, of a linear softmax classifier")] = 1.0,
    seed: Annotated[int, Limits(0), About("of the random searches")] = 0,
) -> Exhibit:
    """Source: Bergstra and Bengio, 2012: of two settings mostly one matters, and a grid has few values of each."""
    prepared = prepare(data).limited(validation=MOST_LOOKED_AT).without_test()
    on_grid = _try(prepared, grid.points(SPACE, trials), epochs)
    at_random = [_try(prepared, random.propose(SPACE, len(on_grid), seed + i), epochs) for i in range(draws)]
    findings = _findings(on_grid, at_random)
    record = {"grid": _plain(on_grid), "random": [_plain(one) for one in at_random]}
    return Exhibit(
        "Random or grid", findings, [_plane(on_grid, at_random[0]), _scores(on_grid, at_random)], data=record
    )


def _try(prepared: Prepared, proposals: Sequence[Mapping[str, Any]], epochs: float) -> list[Tried]:
    found = []
    for settings in proposals:
        task = classify.build(prepared, model="linear", arithmetic="float32", epochs=epochs, **settings)
        fit(task, task.steps)
        found.append(Tried(settings, task.evaluate()["validation_accuracy"]))
    return found


def _findings(on_grid: Sequence[Tried], at_random: Sequence[Sequence[Tried]]) -> list[str]:
    n = len(on_grid)
    distinct = len({one.settings["lr"] for one in on_grid})
    best, bests = max(one.score for one in on_grid), [max(one.score for one in tried) for tried in at_random]
    moved = {name: 100 * _moved(on_grid, name) for name in SPACE}
    matters, other = sorted(moved, key=lambda name: -moved[name])
    return [
        f"With {n} trials a grid tries {distinct} different learning rates, a random search {n}.",
        (
            f"The grid's best trial scores {100 * best:.1f} %; the best of a random search {100 * np.mean(bests):.1f} "
            f"% on average of {len(bests)} ({100 * min(bests):.1f} to {100 * max(bests):.1f} %), above the grid's in "
            f"{sum(score > best for score in bests)} of {len(bests)}."
        ),
        (
            f"On the grid the mean score moves by {moved[matters]:.1f} points along {_say(matters)} and by "
            f"{moved[other]:.1f} along {_say(other)}: a trial says most at a new value of the first."
        ),
    ]


def _moved(tried: Sequence[Tried], name: str) -> float:
    """How far the mean score moves along one setting of a grid, over the other."""
    values = sorted({one.settings[name] for one in tried})
    means = [np.mean([one.score for one in tried if one.settings[name] == value]) for value in values]
    return float(max(means) - min(means))


def _plane(on_grid: Sequence[Tried], at_random: Sequence[Tried]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for tried, marker, colour, name in _kinds(on_grid, at_random):
            places = [[one.settings[setting] for one in tried] for setting in SPACE]
            axes.plot(*places, marker, color=colour, label=name)
        scale(axes, "x", log=True)
        scale(axes, "y", log=True)
        axes.set(xlabel="learning rate", ylabel="weight decay")
        legend(axes)

    reading = (
        "Looked at from below, the grid's marks fall onto few learning rates, the random ones onto as many as trials."
    )
    return Chart("Where the trials lie", draw(paint, 240), reading)


def _scores(on_grid: Sequence[Tried], at_random: Sequence[Sequence[Tried]]) -> Chart:
    everything = [one for tried in at_random for one in tried]

    def paint(figure: Figure) -> None:
        axes: Axes = figure.add_subplot()
        for tried, marker, colour, name in _kinds(on_grid, everything):
            axes.plot([t.settings["lr"] for t in tried], [t.score for t in tried], marker, color=colour, label=name)
        scale(axes, "x", log=True)
        percent(axes, "y")
        axes.set(xlabel="learning rate", ylabel="validation accuracy")
        legend(axes)

    reading = "The hill is seen where trials are: between two learning rates of the grid it may be missed."
    return Chart("What they found", draw(paint, 240), reading)


def _kinds(on_grid: Sequence[Tried], at_random: Sequence[Tried]) -> list[tuple[Sequence[Tried], str, str, str]]:
    return [(at_random, "o", BLUE, "random"), (on_grid, "s", ORANGE, "grid")]


def _plain(tried: Sequence[Tried]) -> list[dict[str, Any]]:
    return [{**one.settings, "score": one.score} for one in tried]


def _say(name: str) -> str:
    return {"lr": "the learning rate"}.get(name, name.replace("_", " "))
