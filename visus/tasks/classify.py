"""Classify: name the class of a picture."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Protocol, Self, runtime_checkable

import torch
from torch import Tensor, nn

from ..engine.objective import NO_FACTORS, Batch, Memory, Objective, OptimizerFactory, Terms
from ..engine.rest import Rest
from ..engine.schedules import Schedule, constant
from ..engine.task import Task, evaluating
from ..geometry import glimpses
from ..metrics.accuracy import accuracy
from .adversary import SAMPLE, Adversary

Loss = Callable[[Tensor, Tensor], Tensor]  # scores (B, K), labels (B,) -> ()
AWAKE = Rest()
PICTURED = 8  # validation pictures that a network's way over them is drawn on
AUXILIARY_WEIGHT = 0.3  # Szegedy et al., 2015, section 5


@runtime_checkable
class HasAuxiliary(Protocol):
    """A network with N_AUXILIARY classifiers half-way; `half_way` hands out their scores of the pass inside it."""

    N_AUXILIARY: int

    def half_way(self) -> AbstractContextManager[Callable[[], Sequence[Tensor]]]: ...


class Course(Protocol):
    """What happened on M courses of T glimpses over B pictures: places (B, M, T, 2), (down, right) from -1 to 1."""

    @property
    def places(self) -> Tensor: ...


@runtime_checkable
class Looks(Protocol):
    """A network that draws where to look. `watched` hands out the courses of the passes inside it.

    `taught`: a course and which answers were right, (B,) -> the terms that teach its draws. SURROGATES: see `Task`.
    widths: of the patches of a glimpse, in pixels, the sharp one first.
    """

    SURROGATES: Sequence[str]

    @property
    def widths(self) -> Sequence[int]: ...
    def watched(self) -> AbstractContextManager[Sequence[Course]]: ...
    def taught(self, course: Course, right: Tensor) -> Terms: ...


class Examples(Protocol):
    """Labelled pictures in three parts; batches are images uint8 (B, C, H, W) and labels int64 (B,)."""

    steps_per_epoch: int

    def part_steps(self, name: str) -> int:
        """Batches in one pass over a part."""
        ...

    def batches(self, start: int = 0) -> Iterator[Batch]: ...

    def sources(self, step: int) -> list[str]:
        """Names of the examples in the batch of one step, in its order."""
        ...

    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]:
        """One pass over 'train', 'validation' or 'test', unaugmented, in order; at most `limit` examples."""
        ...


def joined(standardise: nn.Module, network: nn.Module) -> nn.Sequential:
    """Preprocessing and network as one module: uint8 images (B, C, H, W) -> scores (B, K)."""
    return nn.Sequential(OrderedDict(standardise=standardise, network=network))


class Classification(Task):
    """What every classifier shares: examples, a model that scores classes, and how well it does."""

    TRAIN_SAMPLE = 1000  # training pictures scored at each evaluation, to see the gap to validation

    def __init__(self, standardise: nn.Module, network: nn.Module, data: Examples, loss: Loss) -> None:
        super().__init__()
        self.model = joined(standardise, network)
        self.data, self.loss = data, loss
        self.steps_per_epoch = data.steps_per_epoch

    @property
    def device(self) -> torch.device:
        return next((t.device for t in (*self.parameters(), *self.buffers())), torch.device("cpu"))

    def batches(self, start: int = 0) -> Iterator[Batch]:
        for images, labels in self.data.batches(start):
            yield images.to(self.device, non_blocking=True), labels.to(self.device, non_blocking=True)

    def scores(self, images: Tensor) -> Tensor:
        """Images uint8 (B, C, H, W) -> scores (B, K), float32, in evaluation mode."""
        with evaluating(self), self.precision.autocast(self.device.type):
            scores: Tensor = self.model(images.to(self.device))
        return scores.float()

    def score_part(self, name: str, limit: int | None = None) -> tuple[Tensor, Tensor]:
        """Scores (N, K) and labels (N,) of one part of the data."""
        found = [(self.scores(images).cpu(), labels) for images, labels in self.data.part(name, limit)]
        if not found:
            return torch.empty(0, 1), torch.empty(0, dtype=torch.long)
        scores, labels = zip(*found, strict=True)
        return torch.cat(scores), torch.cat(labels)

    def evaluate(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for name, limit in (("validation", None), ("train", self.TRAIN_SAMPLE)):
            scores, labels = self.score_part(name, limit)
            found |= {f"{name}_{what}": value for what, value in self.measured(scores, labels).items()}
            found[f"{name}_loss"] = float(self.loss(scores, labels))
        return found

    def measured(self, scores: Tensor, labels: Tensor) -> dict[str, float]:
        """Named figures of scores (N, K) against the truth (N,); the first decides which checkpoint is best."""
        return {"accuracy": accuracy(scores, labels)}

    def predict(self, images: Tensor) -> Tensor:
        """Images uint8 (B, C, H, W) -> class probabilities (B, K)."""
        return self.scores(images).softmax(1)


class Classify(Classification):
    """Descend a loss on labelled pictures. Tasks that tell something else of a picture share all but the measure.

    rest: modules of the network that do not learn, or not yet. factors: on the rate of single parameters.
    adversary: changes each batch to mislead the network before it is learned from.
    """

    NAME = "classify"  # of the objective

    def __init__(
        self,
        standardise: nn.Module,
        network: nn.Module,
        data: Examples,
        loss: Loss,
        optimizer: OptimizerFactory,
        *,
        loss_name: str = "cross_entropy",
        blind_loss: float | None = None,
        lr: float,
        schedule: Schedule = constant,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        max_norm: float = float("inf"),
        accumulate: int = 1,
        after: Callable[[], None] = lambda: None,
        momentum: Schedule | None = None,
        rest: Rest = AWAKE,
        factors: Mapping[nn.Parameter, float] = NO_FACTORS,
        adversary: Adversary | None = None,
    ) -> None:
        super().__init__(standardise, network, data, loss)
        self.loss_name, self.rest, self.adversary = loss_name, rest, adversary
        if blind_loss is not None and isinstance(network, HasAuxiliary):
            blind_loss *= 1 + AUXILIARY_WEIGHT * network.N_AUXILIARY
        if isinstance(network, Looks):
            self.surrogates = network.SURROGATES
        self.objectives = [
            Objective(
                self.NAME,
                self.misjudgement,
                self.model.parameters(),
                optimizer,
                lr=lr,
                schedule=schedule,
                weight_decay=weight_decay,
                l1=l1,
                max_norm=max_norm,
                accumulate=accumulate,
                after=after,
                momentum=momentum,
                blind_loss=blind_loss,
                factors=factors,
            )
        ]
        self.train()

    def train(self, mode: bool = True) -> Self:
        """As of any module; what rests stays in evaluation mode."""
        super().train(mode)
        if self.rest:
            self.rest.settle(self.model.get_submodule("network"), self._improvements)
        return self

    @property
    def _improvements(self) -> int:
        objective = self.objectives[0]
        assert isinstance(objective, Objective)
        return objective.improvements

    def evaluate(self) -> dict[str, float]:
        return super().evaluate() | (self._under_attack(self.adversary) if self.adversary else {})

    def _under_attack(self, adversary: Adversary) -> dict[str, float]:
        sample = ((x.to(self.device), y.to(self.device)) for x, y in self.data.part("validation", SAMPLE))
        with evaluating(self), self.precision.autocast(self.device.type):
            return adversary.scores(self.model, sample)

    def sources(self, step: int) -> list[str]:
        """Names of the pictures in the batch of one step, in its order."""
        return self.data.sources(step)

    def pictured(self) -> dict[str, Tensor]:
        """Of a network that draws where to look: one way over each of a few validation pictures."""
        network = self.model.get_submodule("network")
        if not isinstance(network, Looks):
            return {}
        images = torch.cat([images for images, _ in self.data.part("validation", PICTURED)])
        with network.watched() as courses:
            self.scores(images)
        return {"glimpses": glimpses.drawn(images, courses[0].places[:, 0], network.widths[0])}

    def misjudgement(self, batch: Batch) -> Terms:
        if self.training and self.rest.ends_at(self._improvements):
            self.train()
        images, labels = batch
        if self.adversary:
            images = self.adversary.change(self.model, images, labels)
        network = self.model.get_submodule("network")
        if isinstance(network, HasAuxiliary):
            with network.half_way() as auxiliary:
                scores = _wide(self.model(images))
            half_way = torch.stack([self.loss(_wide(s), labels) for s in auxiliary()]).sum()
            return {self.loss_name: self.loss(scores, labels), "auxiliary": AUXILIARY_WEIGHT * half_way}
        if isinstance(network, Looks):
            with network.watched() as courses:
                scores = _wide(self.model(images))
            right = scores.argmax(1) == labels
            return {self.loss_name: self.loss(scores, labels), **network.taught(courses[0], right)}
        return {self.loss_name: self.loss(_wide(self.model(images)), labels)}


def _wide(scores: Tensor) -> Tensor:
    """bfloat16 has 8 bits of mantissa: too few for a log-sum-exp. float64 stays, for the gradient check."""
    return scores.to(torch.promote_types(scores.dtype, torch.float32))


class Remember(Classification):
    """Keep every training picture; nothing descends."""

    def __init__(self, standardise: nn.Module, network: nn.Module, data: Examples, loss: Loss) -> None:
        super().__init__(standardise, network, data, loss)
        self.objectives = [Memory(self.keep)]
        self.steps = data.part_steps("train")

    def batches(self, start: int = 0) -> Iterator[Batch]:
        return islice(self.data.part("train"), start, None)

    @torch.no_grad()
    def keep(self, batch: Batch) -> None:
        images, labels = (tensor.to(self.device) for tensor in batch)
        self.model.network.remember(self.model.standardise(images), labels)  # type: ignore[operator,union-attr]
