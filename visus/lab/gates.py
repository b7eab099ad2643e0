"""What do the four gates of an LSTM do?"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ..engine.objective import Batch
from ..engine.seed import own_randomness
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table
from ._learn import smooth
from ._sequences import Reader, learn

Floats = NDArray[np.float64]
QUICK = {"steps": 3}
LENGTH, MARKED = 20, 0.2  # steps of a sequence, and the share of them that are marked
SHOWN, FRESH = 40, 500  # steps drawn, and sequences that gates are averaged over
COLOURS = {"i": GREEN, "f": ORANGE, "o": PURPLE, "g": BLUE}
MEANING = {"i": "writes", "f": "keeps", "o": "shows", "g": "what is written"}


def run(
    steps: Annotated[int, Limits(1, 1_000_000), About("batches of 32 sequences that it learns from")] = 1200,
    lr: Annotated[float, Limits(1e-6, 1.0), About("learning rate of Adam")] = 0.02,
    seed: Annotated[int, Limits(0), About("of weights and sequences")] = 0,
) -> Exhibit:
    found = learn(partial(Reader, "lstm", 2, 1, 1), sequences, _off, steps=steps, lr=lr, seed=seed)
    assert isinstance(found.network, Reader)
    with own_randomness(seed + 1_000_003), torch.no_grad():
        many = sequences(FRESH)
        error = float(_off(found.network, many))
        inside = look(found.network, many[0])
        shown, answers = sequences(1, SHOWN)
    marked = many[0][..., 1].numpy() > 0
    after, blind = np.arange(LENGTH) > 0, float(many[1].var())
    means = {
        name: (float(gate[marked & after].mean()), float(gate[~marked & after].mean()))
        for name, gate in inside.gates.items()
    }
    between = (~marked & after).nonzero()
    kept = float(np.corrcoef(inside.cell[between], many[1].numpy()[between])[0, 1])
    findings = _findings(error, blind, means, kept)
    rows = [[f"{n} ({MEANING[n]})", f"{at:.2f}", f"{off:.2f}"] for n, (at, off) in means.items()]
    return Exhibit(
        "The gates of one cell",
        findings,
        [_over_time(shown, answers, look(found.network, shown)), _course(found.losses, blind)],
        tables=[Table("Mean of each gate", ["gate", "at a mark", "between marks"], rows)],
        data={"error": error, "gates": {name: list(pair) for name, pair in means.items()}, "correlation": kept},
    )


def _findings(error: float, blind: float, means: Mapping[str, tuple[float, float]], kept: float) -> list[str]:
    (i_at, i_off), (f_at, f_off) = means["i"], means["f"]
    learned = error < blind / 10
    told = (
        f"its mean squared error on fresh sequences is {error:.4f}, against {blind:.2f} for always answering the mean"
    )
    return [
        f"One LSTM cell {'learned' if learned else 'has not learned'} to repeat the last marked number: {told}.",
        f"At a mark the input gate is {i_at:.0%} open and the forget gate lets {f_at:.0%} of the cell through"
        + (": the old number is dropped and the new one written." if learned else "."),
        f"Between marks the input gate is {i_off:.0%} open and the forget gate lets {f_off:.0%} through"
        + (": the cell stands still, whatever number goes by." if learned else "."),
        f"The cell and the number to be repeated have a correlation of {kept:+.3f} between the marks.",
    ]


@dataclass(frozen=True)
class Inside:
    """gates: i, f, o, g; and the cell after each step, all (B, T)."""

    gates: Mapping[str, Floats]
    cell: Floats


@torch.no_grad()
def look(network: Reader, x: Tensor) -> Inside:
    """What the one cell does with sequences (B, T, 2), step by step."""
    w_ih, w_hh, bias_ih, bias_hh = network.recurrent.cells.all_weights[0]
    h, c = (part[:, 0] for part in network.recurrent.start(len(x)))
    columns: dict[str, list[Tensor]] = {name: [] for name in "ifgoc"}  # the order in which torch stacks the gates
    for t in range(x.shape[1]):
        i, f, g, o = (x[:, t] @ w_ih.T + h @ w_hh.T + bias_ih + bias_hh).chunk(4, dim=1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * c + i * g
        h = o * c.tanh()
        for name, value in zip("ifgoc", (i, f, g, o, c), strict=True):
            columns[name].append(value)
    found = {name: torch.cat(values, 1).double().numpy() for name, values in columns.items()}
    return Inside({name: found[name] for name in COLOURS}, found["c"])


def sequences(n: int = 32, length: int = LENGTH) -> tuple[Tensor, Tensor]:
    """(n, length, 2): numbers from -1 to 1, each with a mark 0 or 1; (n, length): the last number that was marked."""
    numbers, marks = 2 * torch.rand(n, length) - 1, (torch.rand(n, length) < MARKED).float()
    marks[:, 0] = 1  # so that there is something to repeat from the start
    last = torch.where(marks > 0, torch.arange(length), 0).cummax(1).values
    return torch.stack((numbers, marks), 2), numbers.gather(1, last)


def _off(network: nn.Module, batch: Batch) -> Tensor:
    x, wanted = batch
    return F.mse_loss(network(x)[0][..., 0], wanted)


def _over_time(x: Tensor, wanted: Tensor, inside: Inside) -> Chart:
    steps = np.arange(x.shape[1])
    numbers, marks = x[0, :, 0].numpy(), x[0, :, 1].numpy() > 0

    def paint(figure: Figure) -> None:
        panels = figure.subplots(3, 1, sharex=True, height_ratios=(1, 1, 1))
        seen, cell, gates = panels
        seen.plot(steps, numbers, "o", ms=3, color=MUTED, label="read")
        seen.plot(steps[marks], numbers[marks], "o", ms=6, color=INK, label="marked")
        cell.step(steps, wanted[0].numpy(), where="mid", color=MUTED, linewidth=1.2, label="to be repeated")
        cell.step(steps, inside.cell[0], where="mid", color=BLUE, label="cell")
        for name in ("i", "f", "o"):
            gates.step(steps, inside.gates[name][0], where="mid", color=COLOURS[name], linewidth=1.4, label=name)
        for axes in panels:
            for step in steps[marks]:
                axes.axvline(step, color=MUTED, linewidth=0.5, linestyle=":")
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, fontsize=9)
            scale(axes, "y", log=False, ticks=3)
        gates.set(xlabel="step", ylim=(-0.05, 1.05))
        scale(gates, "x", log=False)

    reading = (
        "Above, the numbers that go by; in the middle, the cell beside what it should hold (its sign and scale are its "
        "own); below, the gates: i writes, f keeps, o shows. Dotted lines are marks."
    )
    return Chart("One sequence", draw(paint, 400), reading)


def _course(losses: list[float], blind: float) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot(1 + np.arange(len(losses)), smooth(losses, 0.9), color=BLUE, label="one cell")
        axes.axhline(blind, color=MUTED, linestyle="--", label="always the mean")
        scale(axes, "x", log=False)
        scale(axes, "y", log=True)
        axes.set(xlabel="step", ylabel="mean squared error")
        legend(axes)

    return Chart("Learning to open and close", draw(paint, 240), "Smoothed; every batch is new.")
