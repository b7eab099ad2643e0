"""Solve: find the best policy of a world whose rules are known, sweep by sweep over all its states."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import torch
from torch import Tensor, nn

from ..engine.objective import Batch, Memory
from ..geometry.decisions import Tables, backup, check
from ._exactly import Exactly
from ._playing import Playing, Worlds
from ._values_drawn import Ground, pictures

Sweep = Callable[[Tables, Tensor, float], Tensor]  # (tables, action values (S, A), gamma) -> action values (S, A)


class Solve(Playing):
    """Nothing is played while it learns: a batch is the number of a sweep, and an improvement is that sweep.

    model: a player with a buffer `q` (S, A), a table. tables: the rules. sweep: `value_sweep` or `policy_sweep` of
    geometry.decisions. ground: where values are drawn. Raises ValueError for tables that cannot be.
    """

    keeps_last = True  # no sweep makes it worse, whatever luck an evaluation had

    def __init__(
        self,
        model: nn.Module,
        tables: Tables,
        worlds: Worlds,
        judged: Worlds,
        sweep: Sweep,
        *,
        ground: Ground | None = None,
        **playing: Any,
    ) -> None:
        super().__init__(model, worlds, judged, **playing)
        check(tables, self.gamma)
        self.tables, self.sweep, self.ground = tables, sweep, ground
        self.exactly = Exactly(tables, self.gamma)
        self.steps_per_epoch = 1
        self.objectives = [Memory(self.improve)]

    def batches(self, start: int = 0) -> Iterator[Batch]:
        for number in count(start):
            yield (torch.tensor([number]),)

    @torch.no_grad()
    def improve(self, batch: Batch) -> None:
        q: Tensor = self.model.q  # type: ignore[assignment]
        q.copy_(self.sweep(self.tables, q.cpu(), self.gamma))

    def evaluate(self) -> dict[str, float]:
        q: Tensor = self.model.q  # type: ignore[assignment]
        q = q.cpu()
        residual = (backup(self.tables, q.amax(1), self.gamma) - q).abs().max()
        played = super().evaluate()
        del played["env_steps"]  # nothing was played to learn
        return played | {"bellman_residual": float(residual)} | self.exactly.scores(q)

    def pictured(self) -> dict[str, Tensor]:
        return pictures(self.model.q, self.ground)  # type: ignore[arg-type]
