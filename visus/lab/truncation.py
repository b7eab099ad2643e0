"""How long must the window of truncated back-propagation be?"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from ..engine.objective import Batch
from ..layers.recurrent import Cell, State
from ..losses.sequence import temporal_cross_entropy
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, MUTED, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table
from ._learn import smooth
from ._sequences import Learnt, Reader, learn, one_hot

WINDOWS = {5: ORANGE, 25: GREEN, 100: BLUE}
LANES = 32
ZERO, ONE, KEY_ZERO, KEY_ONE, QUESTION, N_SYMBOLS = range(6)
BLIND = float(np.log(2))
LEARNED = BLIND / 4  # nats at which a question is answered right far more often than not
ALIKE = (
    "Every window is handed the state that the one before it left, so all could remember as far; what a window limits "
    "is how far back an error is sent."
)
QUICK = {"symbols": 200}


def run(
    symbols: Annotated[int, Limits(100, 10_000_000), About("symbols that each window reads, in each lane")] = 12_000,
    distance: Annotated[int, Limits(1, 1000), About("steps from what must be remembered to the question")] = 12,
    cell: Annotated[Cell, About("the recurrent cell")] = "lstm",
    hidden: Annotated[int, Limits(1, 10_000), About("its units")] = 32,
    lr: Annotated[float, Limits(1e-6, 1.0), About("learning rate of Adam")] = 5e-3,
    seed: Annotated[int, Limits(0), About("of weights and symbols")] = 0,
) -> Exhibit:
    found: dict[int, Learnt] = {}
    seconds: dict[int, float] = {}
    for window in WINDOWS:
        began = time.perf_counter()
        reader = partial(Reader, cell, N_SYMBOLS, hidden, 2)
        found[window] = learn(
            reader, Stream(window, distance), Carried(), steps=max(1, symbols // window), lr=lr, seed=seed
        )
        seconds[window] = time.perf_counter() - began
    courses = {window: asked(learnt.losses) for window, learnt in found.items()}
    final = {window: float(np.mean(course[-max(1, len(course) // 10) :])) for window, course in courses.items()}
    ends = ", ".join(f"window {window} {nats:.3f}" for window, nats in final.items())
    findings = [
        f"The answer lies {distance} steps back; a blind guess costs ln 2 = {BLIND:.3f} nats.",
        f"After {symbols:,} symbols in each of {LANES} lanes a question costs: {ends}.",
        _verdict(final, distance),
        ALIKE,
    ]
    rows = [
        [str(w), f"{len(found[w].losses):,}", f"{final[w]:.3f}", f"{1e6 * seconds[w] / (symbols * LANES):.1f}"]
        for w in WINDOWS
    ]
    headings = ["window", "updates", "nats a question, at the end", "microseconds a symbol"]
    return Exhibit(
        "Truncated back-propagation",
        findings,
        [_courses(courses, symbols)],
        tables=[Table(f"The same {symbols:,} symbols", headings, rows)],
        data={"final_nats": {str(w): nats for w, nats in final.items()}, "distance": distance},
    )


class Stream:
    """Lanes of symbols that go on for ever, window by window: a key, noise of 0 and 1, a question, a key, ...

    A batch is symbols (B, T) and what is to be answered (B, T): the key of so many steps ago at a question, else -1.
    """

    def __init__(self, window: int, distance: int) -> None:
        self.window, self.distance = window, distance
        self.symbols = self.answers = torch.zeros(LANES, 0, dtype=torch.long)

    def __call__(self) -> Batch:
        while self.symbols.shape[1] < self.window:
            key = torch.randint(2, (LANES, 1))
            noise = torch.randint(2, (LANES, self.distance - 1))
            question = torch.full((LANES, 1), QUESTION)
            self.symbols = torch.cat((self.symbols, key + KEY_ZERO, noise, question), 1)
            self.answers = torch.cat((self.answers, torch.full((LANES, self.distance), -1), key), 1)
        batch = self.symbols[:, : self.window], self.answers[:, : self.window]
        self.symbols, self.answers = self.symbols[:, self.window :], self.answers[:, self.window :]
        return batch


@dataclass
class Carried:
    """The loss at the questions of a window, 0 where it has none; the state goes on, its gradient does not."""

    state: State | None = None

    def __call__(self, network: nn.Module, batch: Batch) -> Tensor:
        symbols, answers = batch
        scores, state = network(one_hot(symbols, N_SYMBOLS), self.state)
        self.state = tuple(part.detach() for part in state)
        return temporal_cross_entropy(scores, answers.clamp_min(0), mask=answers >= 0)


def asked(losses: list[float]) -> list[float]:
    """The losses of windows with a question in them."""
    return [loss for loss in losses if loss > 0] or [BLIND]


def _verdict(final: Mapping[int, float], distance: int) -> str:
    able = [window for window, nats in final.items() if nats < LEARNED]
    unable = [window for window in final if window not in able]
    said = {True: ", ".join(map(str, able)), False: ", ".join(map(str, unable))}
    if able and unable and max(unable) < min(able):
        return f"Windows of {said[True]} learned to answer, of {said[False]} not: an error must reach {distance} back."
    if not able:
        return f"None learned to answer within these symbols, not even windows longer than {distance}: take more."
    return f"Learned to answer: windows of {said[True]}; not: {said[False] or 'none'}."


def _courses(courses: Mapping[int, list[float]], symbols: int) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for window, course in courses.items():
            read = (1 + np.arange(len(course))) / len(course) * symbols
            decay = max(0.0, 1 - 20 / len(course)) * 0.97
            axes.plot(read, smooth(course, decay), color=WINDOWS[window], label=f"window {window}")
        axes.axhline(BLIND, color=MUTED, linestyle="--", linewidth=1)
        scale(axes, "x", log=False)
        axes.set(xlabel="symbols read in a lane", ylabel="nats a question", ylim=(0, None))
        legend(axes)

    reading = "Cross-entropy at the questions, smoothed, against what was read. The dashed line is a blind guess."
    return Chart("Loss against symbols read", draw(paint, 260), reading)
