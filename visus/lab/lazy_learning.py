"""What does it cost to learn nothing until asked?"""

import time
from collections.abc import Callable
from typing import Annotated

import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..geometry.neighbours import How
from ..models.classifiers import knn, linear
from ..recipes._form import About, Limits
from ..report.exhibit import Exhibit, Table
from ..report.figures.canvas import BLUE, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart

SIZES = (1, 2, 4, 8, 16)  # shares of the largest set, as divisors
REPEATS = 5
CLASSES = 10
QUICK = {"largest": 800, "width": 32, "asked": 10}


def run(
    largest: Annotated[int, Limits(160, 100_000), About("examples in the largest set")] = 8_000,
    width: Annotated[int, Limits(1, 10_000), About("numbers in an example; a picture of 16 x 16 in colour: 768")] = 768,
    asked: Annotated[int, Limits(1, 1000), About("pictures predicted at once")] = 100,
) -> Exhibit:
    """Time to train and to predict against the number of examples: nearest neighbours beside a linear classifier."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(largest, width, 1, 1, generator=generator)
    labels = torch.randint(CLASSES, (largest,), generator=generator)
    queries = torch.randn(asked, width, 1, 1, generator=generator)
    sizes = [largest // divisor for divisor in reversed(SIZES)]
    found: dict[str, list[float]] = {
        name: [] for name in ("kNN train", "kNN predict", "linear train", "linear predict")
    }
    _neighbours(rows[: sizes[0]], labels[: sizes[0]], queries)  # the first time everything is slower
    for n in sizes:
        times = (*_neighbours(rows[:n], labels[:n], queries), *_linear(rows[:n], labels[:n], queries))
        for name, seconds in zip(found, times, strict=True):
            found[name].append(seconds)
    last = {name: seconds[-1] for name, seconds in found.items()}
    grown = {name: seconds[-1] / seconds[0] for name, seconds in found.items()}
    times_more = sizes[-1] / sizes[0]
    findings = [
        (
            f"With {times_more:.0f} times as many examples, remembering them takes {grown['kNN train']:.1f} times as "
            f"long ({_ms(last['kNN train'])} for {sizes[-1]:,}): to learn is to keep, and that costs nothing."
        ),
        (
            f"Predicting {asked} pictures then takes {grown['kNN predict']:.1f} times as long "
            f"({_ms(last['kNN predict'])}): every question goes through all examples."
        ),
        (
            f"The linear classifier is the other way round: one pass over the examples takes "
            f"{grown['linear train']:.1f} times as long ({_ms(last['linear train'])}), and predicting the same "
            f"{asked} pictures {grown['linear predict']:.1f} times ({_ms(last['linear predict'])}), whatever it saw."
        ),
        (
            f"At {sizes[-1]:,} examples a prediction by neighbours costs "
            f"{last['kNN predict'] / last['linear predict']:,.0f} times one by the linear classifier; "
            "a deployed model wants it the second way."
        ),
    ]
    chart = Chart(
        "Time against the number of examples",
        draw(lambda figure: _paint(figure, sizes, found), 260),
        "Both axes are logarithmic: a line that rises with the diagonal doubles when the examples double, a level one "
        "does not care.",
    )
    table_rows = [[f"{n:,}", *(_ms(seconds[i]) for seconds in found.values())] for i, n in enumerate(sizes)]
    tables = [Table("The shortest of five, in milliseconds", ["examples", *found], table_rows)]
    return Exhibit("The cost of being lazy", findings, [chart], tables=tables, data={"sizes": sizes, "seconds": found})


def _neighbours(rows: Tensor, labels: Tensor, queries: Tensor) -> tuple[float, float]:
    how: How = "torch"  # nothing is prepared in advance, so that what is measured is the search itself
    model = knn.NearestNeighbours(CLASSES, search=how)
    train = _seconds(lambda: knn.NearestNeighbours(CLASSES, search=how).remember(rows, labels))
    model.remember(rows, labels)
    model(queries)  # what was remembered is joined at the first question; later ones only search
    return train, _seconds(lambda: model(queries))


def _linear(rows: Tensor, labels: Tensor, queries: Tensor, batch: int = 100) -> tuple[float, float]:
    model = linear.build((rows.shape[1], 1, 1), CLASSES)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

    def pass_once() -> None:
        for some, classes in zip(rows.split(batch), labels.split(batch), strict=True):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(some), classes).backward()
            optimizer.step()

    with torch.enable_grad():
        train = _seconds(pass_once)
    with torch.no_grad():
        return train, _seconds(lambda: model(queries))


def _seconds(act: Callable[[], object]) -> float:
    """The shortest of several: what else runs on this machine can only lengthen one."""
    found = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        act()
        found.append(time.perf_counter() - began)
    return min(found)


def _paint(figure: Figure, sizes: list[int], found: dict[str, list[float]]) -> None:
    axes = figure.add_subplot()
    styles = ((BLUE, "o--"), (BLUE, "o-"), (ORANGE, "s--"), (ORANGE, "s-"))
    for (name, seconds), (colour, style) in zip(found.items(), styles, strict=True):
        axes.plot(sizes, [1000 * s for s in seconds], style, ms=4, color=colour, label=name)
    scale(axes, "x", log=True)
    scale(axes, "y", log=True)
    axes.set(xlabel="examples", ylabel="milliseconds")
    legend(axes, columns=2)


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2g} ms" if seconds < 0.1 else f"{1000 * seconds:.0f} ms"
