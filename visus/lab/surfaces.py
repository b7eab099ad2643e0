"""Which way do the update rules walk down a hill?"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from ..engine import update_rules
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, GRID, INK, MUTED, ORANGE, PURPLE, RED, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table

QUICK = {"steps": 40}
Floats = NDArray[np.float64]
RATES = torch.logspace(-5, 0.5, 45, dtype=torch.float64)[:, None]  # (R, 1): each rule may choose among these
LONGEST = 0.2  # stride, as a share of the drawing's diagonal
COLOURS = {"sgd": INK, "momentum": BLUE, "nesterov": GREEN, "adagrad": PURPLE, "rmsprop": ORANGE, "adam": RED}
STATES = {"sgd": 0, "momentum": 1, "nesterov": 1, "adagrad": 1, "rmsprop": 1, "adam": 2}


@dataclass(frozen=True)
class Surface:
    """height: (..., 2) -> (...). lowest: its least value, or the height at which it counts as left behind.

    close: how far above `lowest` is near enough. extent: x from, to, y from, to, of the drawing.
    """

    name: str
    height: Callable[[Tensor], Tensor]
    start: tuple[float, float]
    lowest: float
    close: float
    extent: tuple[float, float, float, float]
    goal: tuple[float, float] | None


def valley(p: Tensor) -> Tensor:
    """A long valley, 50 times as steep across as along."""
    return 0.5 * (p[..., 0] ** 2 + 50 * p[..., 1] ** 2)


def saddle(p: Tensor) -> Tensor:
    """Down along y, up along x, and flat at (0, 0)."""
    return p[..., 0] ** 2 - p[..., 1] ** 2


def beale(p: Tensor) -> Tensor:
    """Flat plains with steep corners (Beale, 1958); 0 at (3, 0.5)."""
    x, y = p[..., 0], p[..., 1]
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def rosenbrock(p: Tensor) -> Tensor:
    """A bent valley, easily found and hardly followed (Rosenbrock, 1960); 0 at (1, 1)."""
    return (1 - p[..., 0]) ** 2 + 100 * (p[..., 1] - p[..., 0] ** 2) ** 2


SURFACES = (
    Surface("a long valley", valley, (-9.0, 1.0), 0.0, 1e-3, (-10, 2, -1.6, 1.6), (0, 0)),
    Surface("a saddle", saddle, (-1.5, 1e-3), -1.0, 0.0, (-1.8, 1.0, -0.4, 1.5), None),
    Surface("Beale's function", beale, (0.8, 1.6), 0.0, 1e-2, (-0.5, 4.2, -1.2, 2.2), (3, 0.5)),
    Surface("Rosenbrock's banana", rosenbrock, (-1.2, 1.0), 0.0, 1e-2, (-1.8, 1.6, -0.5, 1.8), (1, 1)),
)


@dataclass(frozen=True)
class Walk:
    """places: (steps + 1, 2). arrived: the first step from which on it stays near enough, None if there is none."""

    rate: float
    places: Floats
    heights: Floats
    arrived: int | None


def walk(surface: Surface, rule: str, steps: int) -> Walk:
    """The best walk of a rule: of all rates the one that arrives first, or else ends lowest.

    A rate with a stride beyond LONGEST is out: a lucky leap to the goal is no walk.
    """
    place = torch.tensor(surface.start, dtype=torch.float64).expand(len(RATES), 2).clone()
    states = [torch.zeros_like(place) for _ in range(STATES[rule])]
    places = [place]
    step: Callable[..., Any] = getattr(update_rules, rule)
    for t in range(1, steps + 1):
        counted = {"t": t} if rule == "adam" else {}
        found = step(place, *states, _slope(surface, place), RATES, **counted)
        moved, *states = found if states else [found]
        done = (surface.height(place) <= surface.lowest)[:, None] & (
            surface.goal is None
        )  # below the saddle it is over
        place = torch.where(done, place, moved)
        place = place.nan_to_num(1e6, 1e6, -1e6).clamp(-1e6, 1e6)  # a rate too high has flown off: keep it finite
        places.append(place)
    paths = torch.stack(places, 1)  # (R, steps + 1, 2)
    heights = surface.height(paths)
    away = (heights > surface.lowest + surface.close).flip(1)
    first = torch.where(away.any(1), steps + 1 - away.double().argmax(1), 0)  # one after the last that is away
    low = heights[:, -1].clamp(-1e6, 1e6) / 1e7  # decides between rates that did not arrive
    left, right, bottom, top = surface.extent
    strides = paths.diff(dim=1).norm(dim=-1).amax(1) / math.hypot(right - left, top - bottom)
    best = int((first + low + 1e6 * (strides > LONGEST)).argmin())
    arrived = int(first[best]) if first[best] <= steps else None
    return Walk(float(RATES[best]), paths[best].numpy(), heights[best].numpy(), arrived)


def run(steps: Annotated[int, Limits(10, 5000), About("steps of each walk")] = 400) -> Exhibit:
    walks = {surface.name: {rule: walk(surface, rule, steps) for rule in COLOURS} for surface in SURFACES}
    findings = [_finding(name, found, steps) for name, found in walks.items()]
    findings.append(
        f"Each rule has its own best of {len(RATES)} rates on each surface, none with a stride beyond "
        f"{LONGEST:.0%} of the drawing, so these are the rules' walks, not their rates'."
    )
    rows = [
        [
            rule,
            *(_steps(found[rule]) for found in walks.values()),
            *(f"{found[rule].rate:.2g}" for found in walks.values()),
        ]
        for rule in COLOURS
    ]
    short = ["valley", "saddle", "Beale", "Rosenbrock"]
    headings = ["rule", *short, *(f"lr, {name}" for name in short)]
    table = Table(
        "Steps until near enough, and the rate that needed fewest", headings, rows, "–: not within the steps."
    )
    return Exhibit(
        "Walks down a hill",
        findings,
        [_chart(surface, walks[surface.name]) for surface in SURFACES],
        tables=[table],
        data={"arrived": {name: {rule: w.arrived for rule, w in found.items()} for name, found in walks.items()}},
    )


def _slope(surface: Surface, place: Tensor) -> Tensor:
    leaf = place.detach().requires_grad_()
    (slope,) = torch.autograd.grad(surface.height(leaf).sum(), leaf)
    return slope


def _finding(name: str, found: dict[str, Walk], steps: int) -> str:
    arrived = {rule: w.arrived for rule, w in found.items() if w.arrived is not None}
    if not arrived:
        return f"On {name} no rule arrives within {steps} steps."
    order = sorted(arrived, key=lambda rule: arrived[rule])
    late = [rule for rule in found if rule not in arrived]
    sentence = f"On {name} the steps needed are " + ", ".join(f"{arrived[rule]} ({rule})" for rule in order)
    return sentence + (
        f"; {', '.join(late)} {'do' if len(late) > 1 else 'does'} not arrive in {steps}." if late else "."
    )


def _steps(walk: Walk) -> str:
    return "–" if walk.arrived is None else str(walk.arrived)


def _chart(surface: Surface, found: dict[str, Walk]) -> Chart:
    left, right, low, high = surface.extent

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        x, y = np.meshgrid(np.linspace(left, right, 120), np.linspace(low, high, 120))
        heights = surface.height(torch.from_numpy(np.stack([x, y], -1))).numpy()
        ground = heights.min()
        levels = ground + (heights.max() - ground) * np.geomspace(1e-4, 0.9, 14)
        axes.contour(x, y, heights, levels=levels, colors=[GRID], linewidths=0.9)
        for rule, walked in found.items():
            axes.plot(*_within(walked.places, surface.extent).T, "-", color=COLOURS[rule], linewidth=1.3, label=rule)
        axes.plot(*surface.start, "o", color=MUTED, ms=6)
        if surface.goal:
            axes.plot(*surface.goal, "*", color=MUTED, ms=11)
        axes.set(xlim=(left, right), ylim=(low, high))
        axes.grid(False)
        scale(axes, "x", log=False)
        scale(axes, "y", log=False)
        legend(axes)

    reading = (
        "From the dot; the star is the lowest point. "
        if surface.goal
        else "From the dot; the ground falls towards the top. "
    )
    return Chart(
        surface.name[0].upper() + surface.name[1:], draw(paint, 290), reading + "Grey lines join equal heights."
    )


def _within(places: Floats, extent: tuple[float, float, float, float]) -> Floats:
    """The walk until it leaves the drawing for good, or until it stands still."""
    left, right, low, high = extent
    wide, tall = right - left, high - low
    inside = (np.abs(places[:, 0] - (left + right) / 2) < wide) & (np.abs(places[:, 1] - (low + high) / 2) < tall)
    end = len(places) if inside.all() else int(inside.argmin()) + 1
    moved = np.abs(np.diff(places[:end], axis=0)) / [wide, tall]
    last = int(np.flatnonzero(moved.max(1) > 1e-4)[-1]) + 2 if (moved.max(1) > 1e-4).any() else end
    return places[:last]
