"""Small recurrent networks on sequences that are drawn afresh for every step, trained by the one loop."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import torch
from torch import Tensor, nn

from ..engine import optimizers
from ..engine.loop import fit
from ..engine.objective import Batch, Objective, Terms
from ..engine.seed import own_randomness
from ..engine.task import Task
from ..layers.recurrent import Cell, Recurrent, State
from ._learn import Losses

Draw = Callable[[], Batch]  # a fresh batch, from torch's own random numbers
Loss = Callable[[nn.Module, Batch], Tensor]


class Reader(nn.Module):
    """Sequences (B, T, D) and a state -> what is answered at each step (B, T, n_outputs), and the state behind them."""

    def __init__(
        self,
        cell: Cell,
        n_inputs: int,
        hidden: int,
        n_outputs: int,
        readable: bool = False,
        forget_bias: float | None = 1.0,
    ) -> None:
        super().__init__()
        self.recurrent = Recurrent(cell, n_inputs, hidden, readable=readable, forget_bias=forget_bias)
        self.answer = nn.Linear(hidden, n_outputs)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        outputs, state = self.recurrent(x, state)
        return self.answer(outputs), state


@dataclass(frozen=True)
class Learnt:
    """A trained network in evaluation mode, and its loss at each step."""

    network: nn.Module
    losses: list[float]


class Drawn(Task):
    """Answer sequences, a fresh batch of them at every step."""

    def __init__(self, network: nn.Module, draw: Draw, loss: Loss, lr: float, max_norm: float) -> None:
        super().__init__()
        self.network, self.draw, self.measure = network, draw, loss
        rule = optimizers.NAMED["adam"]
        self.objectives = [Objective("answer", self.loss, network.parameters(), rule, lr=lr, max_norm=max_norm)]

    def loss(self, batch: Batch) -> Terms:
        return {"loss": self.measure(self.network, batch)}

    def batches(self, start: int = 0) -> Iterator[Batch]:
        return (self.draw() for _ in count(start))

    def evaluate(self) -> dict[str, float]:
        return {}


def learn(
    make: Callable[[], nn.Module],
    draw: Draw,
    loss: Loss,
    *,
    steps: int,
    lr: float = 3e-3,
    max_norm: float = 1.0,
    seed: int = 0,
) -> Learnt:
    """Train once, on the processor, by Adam with clipped gradients; weights and batches follow from the seed."""
    with own_randomness(seed):
        network = make()
        watch = Losses()
        fit(Drawn(network, draw, loss, lr, max_norm), steps, [watch])
    return Learnt(network.eval(), watch.losses)


def one_hot(symbols: Tensor, n: int) -> Tensor:
    """Symbols (...) -> float32 (..., n)."""
    return nn.functional.one_hot(symbols, n).to(torch.float32)
