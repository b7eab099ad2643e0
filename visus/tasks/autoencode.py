"""Autoencode: bring a picture through few numbers and back, plainly or from a spoiled one; see also `variational`."""

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Protocol, cast

import torch
from torch import Tensor, nn

from ..engine.objective import Batch, Objective, OptimizerFactory, Terms
from ..engine.task import evaluating
from ..geometry.latent import line, normal_grid
from ._batched import Batched

SIDE = 6  # pictures on a side of a sheet
MANIFOLD_SIDE = 12
DICE = 2013  # of what evaluations draw: the same at each, and none of training's


class Surface(Protocol):
    """What pictures are levels of: see data.canvas."""

    @property
    def image(self) -> tuple[int, int, int]: ...
    @property
    def values(self) -> int: ...
    @property
    def levels(self) -> int: ...
    def brightness(self, levels: Tensor) -> Tensor: ...
    def shown(self, levels: Tensor) -> Tensor: ...


class Drawn(Protocol):
    """Pictures in three parts: see data.drawings. Batches are levels uint8 (B, C, H, W) and labels int64 (B,)."""

    steps_per_epoch: int

    def batches(self, start: int = 0) -> Iterator[Batch]: ...
    def sources(self, step: int) -> list[str]: ...
    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]: ...


class Coder(Protocol):
    """What every network of models.autoencoders offers."""

    canvas: Surface
    n_classes: int
    latents: int

    def encode(self, levels: Tensor, labels: Tensor | None = None) -> Tensor: ...
    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor: ...
    def draw(self, n: int, dice: torch.Generator) -> Tensor: ...


class Restoring(Coder, Protocol):
    """What a plain autoencoder offers besides."""

    def restore(self, brightness: Tensor, labels: Tensor | None = None) -> Tensor: ...
    def settle(self, codes: Tensor) -> None: ...


class Autoencode(Batched):
    """What autoencoders of every kind have in common: pictures, one objective, and what they show.

    model: see models.autoencoders. facts: what it was built from, ready for JSON. descent: what an `Objective` takes by
    name.
    """

    data: Drawn
    NAME: ClassVar[str]  # of the objective
    JUDGED = 2_000  # validation pictures at each evaluation, spread evenly
    TRAIN_SAMPLE = 500  # training pictures judged beside them, to see the gap

    def __init__(
        self,
        model: nn.Module,
        data: Drawn,
        optimizer: OptimizerFactory,
        *,
        facts: Mapping[str, Any] | None = None,
        **descent: Any,
    ) -> None:
        super().__init__(model, data)
        self.facts = dict(facts or {})
        self.objectives = [Objective(self.NAME, self.loss, model.parameters(), optimizer, **descent)]
        self.train()

    @abstractmethod
    def loss(self, batch: Batch) -> Terms:
        """Named losses of a batch: levels uint8 (B, C, H, W) and labels int64 (B,)."""

    @property
    def coder(self) -> Coder:
        """The model, as what it offers."""
        return cast(Coder, self.model)

    def given(self, labels: Tensor) -> Tensor | None:
        """The labels, where the model is asked for a class."""
        return labels if self.coder.n_classes else None

    def pieces(self, name: str, limit: int | None = None) -> Iterator[tuple[Tensor, Tensor | None]]:
        """One pass over a part, on the task's device: levels, and labels if the model takes them."""
        for levels, labels in self.data.part(name, limit):
            yield levels.to(self.device), self.given(labels.to(self.device))

    def pictured(self) -> dict[str, Tensor]:
        """Sheets: `samples` of points that stay the same throughout, `reconstructions` of validation pictures, a row
        of them above a row of what became of them, `interpolation` from the left picture of a row to its right one,
        and, for two latents, the `manifold`: a grid of the prior's quantiles.
        """
        with evaluating(self), self.precision.autocast(self.device.type):
            dice = torch.Generator().manual_seed(DICE)
            found = {"samples": self._decoded(self.coder.draw(SIDE * SIDE, dice))}
            found |= self._of_validation()
            if self.coder.latents == 2:
                found["manifold"] = self._decoded(normal_grid(MANIFOLD_SIDE).to(self.device))
        return found

    def _of_validation(self) -> dict[str, Tensor]:
        """Sheets that begin with validation pictures; none for fewer than two."""
        levels, labels = next(self.pieces("validation", SIDE * SIDE // 2), (torch.empty(0), None))
        side = min(SIDE, math.isqrt(2 * len(levels)) // 2 * 2)  # rows come in pairs
        if side < 2:
            return {}
        n = side * side // 2
        levels, labels = levels[:n], None if labels is None else labels[:n]
        z = self.coder.encode(levels, labels)
        above, below = self.coder.canvas.shown(levels).cpu(), self._decoded(z, labels)
        rows = torch.stack([above.view(-1, side, *above.shape[1:]), below.view(-1, side, *below.shape[1:])], 1)
        ways = [line(z[left], z[left + n // 2], side) for left in range(min(side, n // 2))]
        of = None if labels is None else labels[: len(ways)].repeat_interleave(side)
        return {"reconstructions": rows.flatten(0, 2), "interpolation": self._decoded(torch.cat(ways), of)}

    def _decoded(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Points (B, Z) -> uint8 pictures (B, 3, H, W); without labels, of one class after the other."""
        if labels is None and self.coder.n_classes:
            labels = torch.arange(len(z), device=z.device) % self.coder.n_classes
        brightness = self.coder.decode(z, labels).float()
        return (brightness * 255).round().to(torch.uint8).expand(-1, 3, -1, -1).contiguous().cpu()


class Restore(Autoencode):
    """Descend the mean squared error per value of brightness between a picture and what comes back of it.

    spoil: brightness (B, C, H, W) -> the same, spoiled by draws of torch's generator, in training; the whole picture
    stays the target (Vincent et al., 2008). None leaves it whole.
    """

    NAME = "autoencoder"
    CODES = 2_000  # training pictures whose codes say where to draw from

    def __init__(
        self,
        model: nn.Module,
        data: Drawn,
        optimizer: OptimizerFactory,
        *,
        spoil: Callable[[Tensor], Tensor] | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(model, data, optimizer, **rest)
        self.spoil = spoil

    @property
    def restorer(self) -> Restoring:
        """The model, as what it offers."""
        return cast(Restoring, self.model)

    def loss(self, batch: Batch) -> Terms:
        levels, labels = batch
        whole = self.coder.canvas.brightness(levels)
        seen = self.spoil(whole) if self.spoil else whole
        return {"reconstruction": self._error(seen, whole, self.given(labels))}

    def _error(self, seen: Tensor, whole: Tensor, labels: Tensor | None) -> Tensor:
        found = self.restorer.restore(seen, labels)
        return (found - whole.to(found)).square().mean()

    def error(self, name: str, limit: int | None = None) -> float:
        """Mean squared error per value of a part's brightness, of whole pictures; NaN for an empty part."""
        total, n = 0.0, 0
        for levels, labels in self.pieces(name, limit):
            whole = self.coder.canvas.brightness(levels)
            with evaluating(self), self.precision.autocast(self.device.type):
                total += float(self._error(whole, whole, labels)) * len(levels)
            n += len(levels)
        return total / n if n else math.nan

    def evaluate(self) -> dict[str, float]:
        with evaluating(self), self.precision.autocast(self.device.type):
            codes = [self.coder.encode(levels, labels).float() for levels, labels in self.pieces("train", self.CODES)]
            self.restorer.settle(torch.cat(codes))
        found = self.error("validation", self.JUDGED)
        return {
            "validation_likeness": -found,
            "validation_squared_error": found,
            "train_squared_error": self.error("train", self.TRAIN_SAMPLE),
        }
