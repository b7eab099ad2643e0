"""All examples, one, or ten at a time: which way down is fastest?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..losses.regression import half_squared_error
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, INK, MUTED, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit

TRUE_SLOPE, TRUE_HEIGHT = 2.0, -1.0
SIZES = {"batch": 0, "mini-batch": 10, "stochastic": 1}  # examples an update; 0: all
COLOURS = {"batch": BLUE, "mini-batch": GREEN, "stochastic": ORANGE}
CLOSE = 1.01  # times the lowest loss
Path = NDArray[np.float64]


def examples(n: int, noise: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs (n, 2), a place and the 1 that goes with the bias, and truth (n,)."""
    random = np.random.default_rng(seed)
    x = random.uniform(-1, 1, n)
    y = TRUE_SLOPE * x + TRUE_HEIGHT + noise * random.standard_normal(n)
    return torch.from_numpy(np.column_stack([x, np.ones(n)])), torch.from_numpy(y)


def descend(
    x: torch.Tensor, y: torch.Tensor, size: int, alpha: float, passes: int, seed: int
) -> tuple[Path, NDArray[np.int64]]:
    """theta -= alpha * the gradient of J = 1 / (2 m) sum (h - y)**2 over each m = `size` examples in turn.

    Returns slope and height after every update, (T + 1, 2), and how many examples had been looked at by then, (T + 1,).
    The rate alpha belongs into the update; some notes leave it out.
    """
    theta, n = torch.zeros(2, dtype=x.dtype), len(y)
    random = np.random.default_rng(seed)
    path, looked = [theta.tolist()], [0]
    for _ in range(passes):
        order = torch.from_numpy(random.permutation(n))
        for rows in order.split(size or n):
            error = x[rows] @ theta - y[rows]  # dJ/dh, times m
            theta = theta - alpha * x[rows].T @ error / len(rows)
            path.append(theta.tolist())
            looked.append(looked[-1] + len(rows))
    return np.array(path), np.array(looked)


def run(
    n: Annotated[int, Limits(2, 10_000), About("examples")] = 100,
    passes: Annotated[int, Limits(1, 1000), About("passes over them")] = 20,
    alpha: Annotated[float, Limits(1e-6, 10.0), About("learning rate")] = 0.1,
    noise: Annotated[float, Limits(0.0), About("deviation of the truth around its line")] = 0.5,
    seed: Annotated[int, Limits(0), About("of examples and their order")] = 0,
) -> Exhibit:
    x, y = examples(n, noise, seed)
    best = torch.linalg.lstsq(x, y).solution
    lowest = float(half_squared_error(x @ best, y))
    paths = {name: descend(x, y, size, alpha, passes, seed) for name, size in SIZES.items()}
    losses = {name: _losses(path, x, y) for name, (path, _) in paths.items()}
    findings = [f"Least squares, solved exactly: slope {best[0]:.3f}, height {best[1]:.3f}, loss {lowest:.4f}."]
    for name, (_, looked) in paths.items():
        near = np.flatnonzero(losses[name] <= CLOSE * lowest + 1e-9)
        when = f"after {looked[near[0]] / n:.2g} passes" if len(near) else "never"
        last = losses[name][-max(1, n // (SIZES[name] or n)) :]  # of the last pass
        findings.append(
            f"{name.capitalize()} descent: {len(looked) - 1:,} updates; first within 1 % of the lowest loss {when}; "
            f"in its last pass {float(last.mean()) / max(lowest, 1e-12) - 1:.1%} above it on average."
        )
    findings.append(
        "All looked at the same number of examples: smaller batches buy more updates, each less exact; at a constant "
        "rate they never settle, and a falling rate calms them."
    )
    numbers = {name: {"end": path[-1].tolist(), "loss": float(losses[name][-1])} for name, (path, _) in paths.items()}
    charts = [_valley(paths, x, y, best), _course(paths, losses, lowest, n)]
    return Exhibit("Batch, mini-batch, stochastic", findings, charts, data={**numbers, "lowest": lowest})


def _losses(path: Path, x: torch.Tensor, y: torch.Tensor) -> Path:
    """J over all examples at each place of a path."""
    errors = torch.from_numpy(path) @ x.T - y  # (T, n)
    found: Path = (errors.square().mean(1) / 2).numpy()
    return found


def _valley(
    paths: dict[str, tuple[Path, NDArray[np.int64]]], x: torch.Tensor, y: torch.Tensor, best: torch.Tensor
) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        every = np.concatenate([path for path, _ in paths.values()])
        low, high = every.min(0) - 0.3, every.max(0) + 0.3
        slope, height = np.meshgrid(np.linspace(low[0], high[0], 80), np.linspace(low[1], high[1], 80))
        loss = _losses(np.column_stack([slope.ravel(), height.ravel()]), x, y).reshape(slope.shape)
        levels = np.geomspace(loss.min() + 1e-3, loss.max(), 9)
        axes.contour(slope, height, loss, levels=levels, colors=MUTED, linewidths=0.6)
        for name in reversed(paths):
            axes.plot(*paths[name][0].T, color=COLOURS[name], label=name, linewidth=1.1)
        axes.plot(*best.tolist(), "+", color=INK, ms=10)
        axes.grid(False)
        axes.set(xlabel="slope", ylabel="height")
        legend(axes)

    reading = (
        "Contours: equal loss over all examples. Every path starts at slope 0, height 0; the cross is least squares."
    )
    return Chart("Three ways into the valley", draw(paint, 290), reading)


def _course(paths: dict[str, tuple[Path, NDArray[np.int64]]], losses: dict[str, Path], lowest: float, n: int) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name in reversed(paths):
            axes.plot(paths[name][1] / n, losses[name], color=COLOURS[name], label=name, linewidth=1.1)
        axes.axhline(lowest, color=MUTED, linewidth=0.8)
        axes.set(xlabel="passes over the examples", ylabel="loss over all examples")
        scale(axes, "y", log=True)
        scale(axes, "x", log=False)
        legend(axes)

    reading = "At the same place on the x axis each has looked at as many examples. Grey: the lowest loss there is."
    return Chart("Loss against examples looked at", draw(paint, 250), reading)
