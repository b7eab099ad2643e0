"""How far back can a recurrent network learn to remember?"""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Literal

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from ..engine.objective import Batch
from ..engine.seed import own_randomness
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, MUTED, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table
from ._learn import smooth
from ._sequences import Reader, learn

Name = Literal["rnn", "gru", "lstm"]
CELLS: Mapping[Name, str] = {"rnn": ORANGE, "gru": GREEN, "lstm": BLUE}
LENGTHS = (10, 20, 40)
BLIND = 1 / 6  # variance of a sum of two even numbers from 0 to 1: what always answering 1 costs
SOLVED = 0.01  # mean squared error: a tenth off, on average
FRESH = 2000  # sequences that a network is tried on
QUICK = {"steps": 3, "longest": 10}


def run(
    steps: Annotated[int, Limits(1, 1_000_000), About("batches of 32 sequences that each network learns from")] = 1000,
    hidden: Annotated[int, Limits(1, 10_000), About("units of each network")] = 32,
    longest: Annotated[int, Limits(4, 10_000), About("steps of the longest sequence; half and a quarter too")] = 40,
    lr: Annotated[float, Limits(1e-6, 1.0), About("learning rate of Adam")] = 5e-3,
    seed: Annotated[int, Limits(0), About("of weights and sequences")] = 0,
) -> Exhibit:
    lengths = sorted({max(4, longest // 4), max(4, longest // 2), longest})
    errors: dict[str, dict[int, float]] = {cell: {} for cell in CELLS}
    losses: dict[str, list[float]] = {}
    for length in lengths:
        draw_batch = partial(sequences, length)
        for cell in CELLS:
            found = learn(partial(Reader, cell, 2, hidden, 1), draw_batch, _off, steps=steps, lr=lr, seed=seed)
            errors[cell][length] = _tried(found.network, length, seed)
            losses[cell] = found.losses
    findings = [
        f"{cell.upper()}: mean squared error "
        + ", ".join(f"{error:.4f} over {length} steps" for length, error in errors[cell].items())
        + "."
        for cell in CELLS
    ]
    findings.append(_verdict(errors, lengths, steps))
    rows = [[cell.upper(), *(f"{errors[cell][n]:.4f}" for n in lengths)] for cell in CELLS]
    rows.append(["always 1", *(f"{BLIND:.4f}" for _ in lengths)])
    return Exhibit(
        "The adding problem",
        findings,
        [_against_length(errors), _courses(losses, longest)],
        tables=[Table("Mean squared error on fresh sequences", ["network", *(f"{n} steps" for n in lengths)], rows)],
        data={"error": {cell: {str(n): e for n, e in found.items()} for cell, found in errors.items()}},
    )


def sequences(length: int, n: int = 32) -> tuple[Tensor, Tensor]:
    """(n, length, 2) numbers from 0 to 1, each with a mark 0 or 1, and the sum (n,) of the two that are marked.

    One mark is in the first half and one in the second. Source: Hochreiter and Schmidhuber, 1997, experiment 4.
    """
    numbers, marks, rows = torch.rand(n, length), torch.zeros(n, length), torch.arange(n)
    marks[rows, torch.randint(length // 2, (n,))] = 1
    marks[rows, torch.randint(length // 2, length, (n,))] = 1
    return torch.stack((numbers, marks), 2), (numbers * marks).sum(1)


def _off(network: nn.Module, batch: Batch) -> Tensor:
    x, sums = batch
    return F.mse_loss(network(x)[0][:, -1, 0], sums)


@torch.no_grad()
def _tried(network: nn.Module, length: int, seed: int) -> float:
    with own_randomness(seed + 1_000_003):
        return float(_off(network, sequences(length, FRESH)))


def _verdict(errors: Mapping[str, Mapping[int, float]], lengths: list[int], steps: int) -> str:
    reach = {cell: max((n for n in lengths if errors[cell][n] < SOLVED), default=0) for cell in errors}
    solved = {cell: f"up to {n} steps" if n else "at no length tried" for cell, n in reach.items()}
    said = f"Solved, with an error below {SOLVED}: " + ", ".join(f"{cell.upper()} {s}" for cell, s in solved.items())
    if max(reach["lstm"], reach["gru"]) > reach["rnn"]:
        return (
            f"{said}. All three could hold a number; the gates let the error of the last step reach the marked one, "
            "and through tanh alone it fades on the way."
        )
    return f"{said}. After {steps} steps that does not tell the networks apart: take more steps or longer sequences."


def _against_length(errors: Mapping[str, Mapping[int, float]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (cell, found), marker in zip(errors.items(), "os^", strict=True):
            axes.plot(
                list(found), list(found.values()), marker + "-", color=CELLS[_name(cell)], ms=5, label=cell.upper()
            )
        axes.axhline(BLIND, color=MUTED, linestyle="--", label="always 1")
        scale(axes, "x", log=False)
        scale(axes, "y", log=True)
        axes.set(xlabel="steps of a sequence", ylabel="mean squared error")
        legend(axes, columns=4)

    reading = "Each point is a network of its own. On the dashed line nothing was remembered; lower is better."
    return Chart("Error against distance", draw(paint, 250), reading)


def _courses(losses: Mapping[str, list[float]], length: int) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for cell, found in losses.items():
            axes.plot(1 + np.arange(len(found)), smooth(found, 0.97), color=CELLS[_name(cell)], label=cell.upper())
        axes.axhline(BLIND, color=MUTED, linestyle="--")
        scale(axes, "x", log=False)
        scale(axes, "y", log=True)
        axes.set(xlabel="step", ylabel="mean squared error")
        legend(axes)

    reading = "Smoothed. A plateau at the dashed line is a network that has not found out that the marks matter."
    return Chart(f"Learning over {length} steps", draw(paint, 250), reading)


def _name(cell: str) -> Name:
    return next(name for name in CELLS if name == cell)
