"""How much speed does a little less than the nearest buy?"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..geometry.neighbours import Index, hnsw, index, ivf, recall
from ..recipes._form import About, Limits
from ..report.exhibit import Exhibit, Table
from ..report.figures.canvas import BLUE, MUTED, ORANGE, draw, legend, percent, scale
from ..report.figures.chart import Chart
from ._pictures import few

VISITED = (1, 2, 4, 8, 16, 32)
LOOKED_AT = (8, 16, 32, 64, 128, 256)
REPEATS = 3
ENOUGH = 0.95  # recall at which most uses see no difference
CLUSTERS = 200
QUICK = {"n": 800, "width": 16, "asked": 20}


@dataclass(frozen=True)
class Point:
    """One setting of an approximate index. speed: times the exact search's."""

    effort: int
    recall: float
    speed: float


def run(
    data: Annotated[Literal["clusters", "digits", "mnist", "fashion-mnist", "cifar10"], About("examples")] = "clusters",
    n: Annotated[int, Limits(500, 60_000), About("examples")] = 20_000,
    width: Annotated[int, Limits(2, 4096), About("numbers in an example, for clusters")] = 256,
    asked: Annotated[int, Limits(10, 1000), About("queries")] = 200,
    k: Annotated[int, Limits(1, 100), About("neighbours")] = 10,
) -> Exhibit:
    """Recall against speed of FAISS's inverted file and of its graph, beside the exact search."""
    examples, queries = _clusters(n + asked, width, asked) if data == "clusters" else _pictures(data, n, asked)
    exact, seconds = _timed(lambda: index(examples, "l2"))
    builds, curves = {"exact": seconds}, dict[str, list[Point]]()
    truth, exact_seconds = _searched(exact, queries, k)
    ways: tuple[tuple[str, Any, Sequence[int]], ...] = (("ivf", ivf, VISITED), ("hnsw", hnsw, LOOKED_AT))
    for name, module, efforts in ways:
        found, builds[name] = _timed(partial(module.build, examples, "l2"))
        curves[name] = []
        for found.effort in efforts:
            answer, seconds = _searched(found, queries, k)
            curves[name].append(Point(found.effort, recall(answer, truth), exact_seconds / seconds))
    findings = [
        f"The exact search answers {asked} questions about {len(examples):,} examples in {1000 * exact_seconds:.1f} ms."
    ]
    for name, curve in curves.items():
        findings.append(_said(name, curve))
    findings.append(
        "An index must be built first, and anew when examples change: "
        + ", ".join(f"{name} took {seconds:.2f} s" for name, seconds in builds.items())
        + ". It pays for many questions about many examples."
    )
    chart = Chart(
        "Recall against speed",
        draw(lambda figure: _paint(figure, curves), 260),
        "Up and right is better. Along a line a query looks at more and more examples; the grey line is the exact "
        "search.",
    )
    rows = [[name, f"{p.effort}", f"{100 * p.recall:.1f}", f"{p.speed:.1f}"] for name, c in curves.items() for p in c]
    tables = [
        Table(
            "Measured",
            ["index", "effort", "recall in %", "times as fast"],
            rows,
            "Effort: cells visited, or candidates kept.",
        )
    ]
    numbers: dict[str, Any] = {name: [vars(p) for p in curve] for name, curve in curves.items()}
    return Exhibit("Nearly the nearest", findings, [chart], tables=tables, data={**numbers, "build_seconds": builds})


def _clusters(n: int, width: int, asked: int) -> tuple[Tensor, Tensor]:
    """Examples in clusters, as features of pictures are, and queries of the same kind."""
    generator = torch.Generator().manual_seed(0)
    centres = 2 * torch.randn(CLUSTERS, width, generator=generator)
    rows = centres[torch.randint(CLUSTERS, (n,), generator=generator)] + torch.randn(n, width, generator=generator)
    return rows[asked:], rows[:asked]


def _pictures(data: str, n: int, asked: int) -> tuple[Tensor, Tensor]:
    prepared = few(data, n)
    parts = [
        torch.cat([images for images, _ in prepared.part(name)]).flatten(1).float() for name in ("train", "validation")
    ]
    return parts[0], parts[1][:asked]


def _timed(act: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    return act(), time.perf_counter() - began


def _searched(found: Index, queries: Tensor, k: int) -> tuple[Tensor, float]:
    """Indices (B, k) and the shortest of several times in seconds."""
    times = []
    for _ in range(REPEATS):
        (_, rows), seconds = _timed(lambda: found.nearest(queries, k))
        times.append(seconds)
    return rows, min(times)


def _said(name: str, curve: Sequence[Point]) -> str:
    """The quickest setting that finds nearly all, or the one that finds most."""
    good = [point for point in curve if point.recall >= ENOUGH]
    point = max(good, key=lambda p: p.speed) if good else max(curve, key=lambda p: p.recall)
    effort = f"{point.effort} {'cells visited' if name == 'ivf' else 'candidates kept'}"
    return (
        f"{name} with {effort} finds {100 * point.recall:.1f} % of the true neighbours at {point.speed:.1f} times the "
        "speed of the exact search" + ("." if good else f": less than {100 * ENOUGH:.0f} % at every setting tried.")
    )


def _paint(figure: Figure, curves: Mapping[str, Sequence[Point]]) -> None:
    axes = figure.add_subplot()
    axes.axvline(1, color=MUTED, linewidth=1, linestyle=":", label="exact")
    for (name, curve), (colour, marker) in zip(curves.items(), ((BLUE, "o-"), (ORANGE, "s-")), strict=True):
        axes.plot([p.speed for p in curve], [p.recall for p in curve], marker, ms=4, color=colour, label=name)
    scale(axes, "x", log=True)
    percent(axes, "y")
    axes.set(xlabel="times as fast as the exact search", ylabel="recall")
    legend(axes)
