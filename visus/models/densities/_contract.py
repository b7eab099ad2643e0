"""What every classic density shares: it is fitted at once, without a descent, and knows its canvas."""

from abc import abstractmethod
from collections.abc import Iterable

import torch
from torch import Tensor

from ...data.canvas import Canvas
from ..generative import DrawsByCompleting, Progress, check_known, check_labels, check_temperature


class Density(DrawsByCompleting):
    """A density of pictures. What was fitted lies in buffers, empty before, so that it is saved as weights are.

    exact: whether `log_likelihood` is the probability of the picture's integers, or a bound from below. Classes are not
    asked for: n_classes is 0.
    """

    exact = True

    def __init__(self, canvas: Canvas, n_classes: int, buffers: Iterable[str]) -> None:
        super().__init__()
        if n_classes:
            raise ValueError(f"a classic density is fitted without classes; got n_classes={n_classes}, expected 0")
        self.canvas, self.n_classes = canvas, n_classes
        for name in buffers:
            self.register_buffer(name, torch.empty(0))

    def fit(self, parts: Iterable[Tensor], seed: int = 0) -> "Density":
        """Fit to pictures, levels uint8 (B, C, H, W) in parts, and return the density itself.

        Raises ValueError for less than two pictures, or for those of another shape than the canvas.
        """
        pictures = []
        for levels in parts:
            self.canvas.check(levels)
            pictures.append(levels.cpu().flatten(1))
        values = torch.cat(pictures) if pictures else torch.empty(0, self.canvas.values, dtype=torch.uint8)
        if len(values) < 2:
            raise ValueError(f"a density is fitted to at least 2 pictures; got {len(values)}")
        with torch.no_grad():
            self._fit(values, torch.Generator().manual_seed(seed))
        return self

    @torch.no_grad()
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
        """Levels whose `known` pixels, bool (H, W), stay as they are; the others are drawn given them, exactly."""
        self._check(levels, labels)
        check_temperature(temperature)
        check_known(known, self.canvas)
        device = next(self.buffers()).device
        values, given = levels.flatten(1).to(device), known.to(device).expand(self.canvas.image).flatten()
        drawn = torch.where(given, values, self._draw(values, given, dice, temperature))
        if progress:
            progress(len(levels), len(levels))
        return drawn.view(-1, *self.canvas.image)

    @torch.no_grad()
    def log_likelihood(self, levels: Tensor, labels: Tensor | None = None, *, dice: torch.Generator) -> Tensor:
        """Nats of each picture, (B,). Nothing is drawn from `dice`."""
        self._check(levels, labels)
        return self._nats(levels.flatten(1).to(next(self.buffers()).device))

    # ---- what a density is, of pictures as rows of D = C * H * W levels

    @abstractmethod
    def _fit(self, values: Tensor, dice: torch.Generator) -> None:
        """Learn what the density is of from levels uint8 (N, D)."""

    @abstractmethod
    def _draw(self, values: Tensor, known: Tensor, dice: torch.Generator, temperature: float) -> Tensor:
        """Levels uint8 (B, D) given those that are known, bool (D,)."""

    @abstractmethod
    def _nats(self, values: Tensor) -> Tensor:
        """Log-probability of levels uint8 (B, D): (B,)."""

    def _check(self, levels: Tensor, labels: Tensor | None) -> None:
        self.canvas.check(levels)
        check_labels(labels, self.n_classes, len(levels))
        if not next(self.buffers()).numel():
            raise ValueError("the density has not been fitted yet; call fit with training pictures first")

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *rest: object) -> None:
        for name, _ in list(self.named_buffers()):  # their shape is only known to the one who fitted them
            if prefix + name in state_dict:
                setattr(self, name, torch.empty_like(state_dict[prefix + name]))
        super()._load_from_state_dict(state_dict, prefix, *rest)


def noise(shape: tuple[int, ...], dice: torch.Generator, device: torch.device) -> Tensor:
    """Draws of the standard normal: from the dice, wherever they lie, to the device."""
    return torch.randn(shape, generator=dice, device=dice.device).to(device)
