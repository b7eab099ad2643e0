"""What every model that makes pictures offers, whatever its family.

Explicit and tractable: `autoregressive/` and `densities/`; explicit and approximate: the variational ones of
`autoencoders/`; implicit: `gans/` (taxonomy: Goodfellow, 2016, "NIPS 2016 Tutorial", figure 9). A file of these folders
has `build(canvas, n_classes=0, **settings)`; with classes the model is conditional, and takes labels.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import chain
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from ..data.canvas import Canvas

Progress = Callable[[int, int], None]  # (done, of all)


@runtime_checkable
class Generative(Protocol):
    """Pictures are levels, uint8 (B, C, H, W) as `canvas` says; labels int64 (B,) or None where n_classes is 0.

    What is random is drawn from `dice` alone, so that the same seed makes the same pictures.
    """

    canvas: Canvas
    n_classes: int

    def sample(
        self,
        n: int,
        dice: torch.Generator,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        progress: Progress | None = None,
    ) -> Tensor:
        """n pictures, levels uint8 (n, C, H, W). temperature: 1 draws from the model, less draws what is likelier."""
        ...


@runtime_checkable
class Likelihood(Protocol):
    """A model that can say how likely a picture is."""

    exact: bool  # False: a lower bound

    def log_likelihood(self, levels: Tensor, labels: Tensor | None = None, *, dice: torch.Generator) -> Tensor:
        """Nats of each picture, (B,), at most 0: exact, or a bound from below by draws from `dice`."""
        ...


@runtime_checkable
class Completing(Protocol):
    """A model that goes on with a picture."""

    def complete(
        self,
        levels: Tensor,
        known: Tensor,
        dice: torch.Generator,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        progress: Progress | None = None,
    ) -> Tensor:
        """Levels whose `known` pixels, bool (H, W), stay as they are, and whose others are drawn given them."""
        ...


@runtime_checkable
class Latent(Protocol):
    """A model that makes a picture of a point in a space: z float (B, latents)."""

    latents: int

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """The picture of each point: expected brightness, float (B, C, H, W) in [0, 1]."""
        ...

    def draw(self, n: int, dice: torch.Generator) -> Tensor:
        """n points of the prior, (n, latents)."""
        ...


@runtime_checkable
class Encoding(Protocol):
    """A model that finds the point of a picture."""

    def encode(self, levels: Tensor, labels: Tensor | None = None) -> Tensor:
        """Where each picture lies: z float (B, latents); of a distribution, its mean."""
        ...


class DrawsByCompleting(nn.Module, ABC):
    """A model that draws a picture by completing one of which nothing is known."""

    canvas: Canvas
    n_classes: int

    @abstractmethod
    def complete(
        self,
        levels: Tensor,
        known: Tensor,
        dice: torch.Generator,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        progress: Progress | None = None,
    ) -> Tensor:
        """See `Completing`."""

    def sample(
        self,
        n: int,
        dice: torch.Generator,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        progress: Progress | None = None,
    ) -> Tensor:
        """See `Generative`."""
        blank, known = self.nothing_known(n)
        return self.complete(blank, known, dice, labels=labels, temperature=temperature, progress=progress)

    def nothing_known(self, n: int) -> tuple[Tensor, Tensor]:
        """n blank pictures, levels uint8 (n, C, H, W), and that no pixel of them is known, bool (H, W)."""
        check_count(n)
        where = next(chain(self.parameters(), self.buffers())).device
        blank = torch.zeros(n, *self.canvas.image, dtype=torch.uint8, device=where)
        return blank, torch.zeros(self.canvas.image[1:], dtype=torch.bool)


def check_known(known: Tensor, canvas: Canvas) -> None:
    """Raise ValueError unless known says yes or no of each pixel of the canvas."""
    if known.shape != canvas.image[1:] or known.dtype != torch.bool:
        raise ValueError(f"known is {tuple(known.shape)} of {known.dtype}; known pixels are bool {canvas.image[1:]}")


def check_latent(z: Tensor, latents: int) -> None:
    """Raise ValueError if points (B, Z) are not of the model's space."""
    if z.ndim != 2 or z.shape[1] != latents:
        raise ValueError(
            f"the model's points have {latents} numbers each; got {tuple(z.shape)}, expected (B, {latents})"
        )


def check_count(n: int) -> None:
    """Raise ValueError for less than one picture."""
    if n < 1:
        raise ValueError(f"at least 1 picture is to be made; got {n}")


def check_labels(labels: Tensor | None, n_classes: int, n: int) -> None:
    """Raise ValueError if labels (n,) do not go with the model: missing, unasked for, or of classes it has not."""
    if labels is None:
        if n_classes:
            raise ValueError(f"the model draws a class that is named, one of {n_classes}; give labels")
        return
    if not n_classes:
        raise ValueError("the model was trained without classes, so it cannot be asked for one; leave labels out")
    if labels.shape != (n,):
        raise ValueError(f"one label a picture is expected, ({n},); got {tuple(labels.shape)}")
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < n_classes:
        raise ValueError(f"labels are between 0 and {n_classes - 1}; got {int(labels.min())} to {int(labels.max())}")


def check_temperature(temperature: float) -> None:
    """Raise ValueError unless above 0."""
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0; got {temperature:g}; 1 draws from the model as it is")
