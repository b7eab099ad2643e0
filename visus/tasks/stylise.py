"""Stylise: teach a network to repaint any picture in one style, in a single pass (Johnson et al., 2016)."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from ..engine.objective import Batch, Objective, OptimizerFactory, Terms
from ..engine.schedules import Schedule, constant
from ..engine.task import Task, evaluating

Judge = Callable[[Tensor, Tensor], Terms]  # (painted, pictures), float (B, 3, H, W) in [0, 1] -> named scalars


class Stylise(Task):
    """Repaint pictures so that a judge finds little wrong with them.

    painter: pictures float (B, 3, H, W) in [0, 1] -> the same shape. judge: what is wrong with painted pictures,
    compared with what they were: content that was lost, style that is missing, roughness; it is not trained. pictures:
    uint8 (N, 3, H, W); held_out: pictures to evaluate on, not learned from. Raises ValueError if there are none of
    either.
    """

    def __init__(
        self,
        painter: nn.Module,
        judge: Judge,
        pictures: Tensor,
        held_out: Tensor,
        optimizer: OptimizerFactory,
        *,
        lr: float = 2e-3,
        schedule: Schedule = constant,
        batch: int = 4,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if not len(pictures) or not len(held_out):
            raise ValueError(f"give pictures to learn from and to hold out; got {len(pictures)} and {len(held_out)}")
        self.painter, self.judge, self.seed, self.batch = painter, judge, seed, min(batch, len(pictures))
        self.register_buffer("pictures", pictures, persistent=False)
        self.register_buffer("held_out", held_out, persistent=False)
        self.pictures: Tensor
        self.held_out: Tensor
        self.steps_per_epoch = max(1, len(pictures) // self.batch)
        self.objectives = [
            Objective("stylise", self.displeasure, painter.parameters(), optimizer, lr=lr, schedule=schedule)
        ]

    def batches(self, start: int = 0) -> Iterator[Batch]:
        step = start
        while True:
            # keyed by (seed, step): a resumed run sees what it would have seen
            dice = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
            rows = torch.randperm(len(self.pictures), generator=dice)[: self.batch]
            yield (self.pictures[rows].float() / 255,)
            step += 1

    def displeasure(self, batch: Batch) -> Terms:
        (pictures,) = batch
        return self.judge(self.painter(pictures), pictures)

    def predict(self, inputs: Tensor) -> Tensor:
        """Pictures uint8 (B, 3, H, W) -> painted ones, float in [0, 1], in evaluation mode."""
        with evaluating(self):
            painted: Tensor = self.painter(inputs.float() / 255)
        return painted

    def evaluate(self) -> dict[str, float]:
        """Minus the judge's sum on held-out pictures, higher is better, and each of its terms."""
        pictures = self.held_out.float() / 255
        with torch.no_grad():
            terms = {name: float(term) for name, term in self.judge(self.predict(self.held_out), pictures).items()}
        return {"validation_pleasure": -sum(terms.values()), **{f"validation_{k}": v for k, v in terms.items()}}
