"""Population: classifiers with different settings learn from the same batches at once, to find the best settings.

All linear members together cost one matrix product, X (B, D) @ W (D, P * K), where one alone leaves a processor idle.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from ..engine.members import Members
from ..engine.objective import Batch
from ..engine.schedules import Schedule, constant
from ..engine.task import Task
from ._stacked import Stacked
from .classify import Examples, Loss


class Population(Task):
    """P linear classifiers or small perceptrons, each with a learning rate, weight decay and start of its own.

    standardise: uint8 images (B, C, H, W), or whatever the data yields, to what the networks take. networks: P of them,
    of one shape, as `Stacked` takes them. rule: a name of `engine.members.RULES`. lrs, weight_decays: one a member.
    schedule: the factor on all rates. explodes: see `Members`.
    """

    def __init__(
        self,
        standardise: nn.Module,
        networks: Sequence[nn.Module],
        data: Examples,
        loss: Loss,
        rule: str,
        *,
        lrs: Sequence[float],
        weight_decays: Sequence[float],
        schedule: Schedule = constant,
        max_norm: float = float("inf"),
        explodes: float = float("inf"),
        blind_loss: float | None = None,
    ) -> None:
        super().__init__()
        if not len(networks) == len(lrs) == len(weight_decays):
            raise ValueError(
                f"each member needs a network, a learning rate and a weight decay; "
                f"got {len(networks)}, {len(lrs)} and {len(weight_decays)}"
            )
        self.standardise, self.members, self.data = standardise, Stacked(networks), data
        self.loss: Callable[..., Tensor] = torch.vmap(loss, in_dims=(0, None))  # (P, B, K), (B,) -> (P,)
        self.steps_per_epoch = data.steps_per_epoch
        self.objective = Members(
            "classify",
            self.misjudgements,
            list(self.members.parameters()),
            list(self.members.weights),
            rule,
            lrs=torch.tensor(lrs),
            weight_decays=torch.tensor(weight_decays),
            schedule=schedule,
            max_norm=max_norm,
            explodes=explodes,
            blind_loss=blind_loss,
        )
        self.objectives = [self.objective]

    @property
    def device(self) -> torch.device:
        return self.members.weights[0].device

    @property
    def alive(self) -> Tensor:
        """Which members have not diverged: (P,) true or false."""
        finite = [p.detach().flatten(1).isfinite().all(1).cpu() for p in self.members.parameters()]
        return self.objective.alive & torch.stack(finite).all(0)

    def batches(self, start: int = 0) -> Iterator[Batch]:
        for images, labels in self.data.batches(start):
            yield images.to(self.device, non_blocking=True), labels.to(self.device, non_blocking=True)

    def misjudgements(self, batch: Batch) -> Tensor:
        """The loss of each member on a batch: (P,)."""
        images, labels = batch
        found: Tensor = self.loss(self.members(self.standardise(images)).float(), labels)
        return found

    @torch.no_grad()
    def accuracies(self, part: str, limit: int | None = None) -> Tensor:
        """The share of a part's examples that each member names right: (P,); NaN of those that diverged."""
        right, n = torch.zeros(len(self.members), dtype=torch.int64), 0
        for images, labels in self.data.part(part, limit):
            with self.precision.autocast(self.device.type):
                scores = self.members(self.standardise(images.to(self.device)))
            right += (scores.argmax(2).cpu() == labels).sum(1)
            n += len(labels)
        return torch.where(self.alive, right / max(1, n), float("nan"))

    def evaluate(self) -> dict[str, float]:
        """The best member's validation accuracy, 0 if all diverged, and the share of members that live."""
        found = self.accuracies("validation")
        best = float(found.nan_to_num(0.0).max())
        return {"validation_accuracy": best, "alive": float(self.alive.float().mean())}
