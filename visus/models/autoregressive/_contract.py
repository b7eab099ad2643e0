"""What all autoregressive models share: the likelihood value by value, and drawing value by value.

p(picture) is the product over its values, row by row and red, green, blue within a pixel, of the probability of each
given all those before it (van den Oord et al., 2016, equations 1 and 2). Training looks at all values at once; drawing
needs them one after another, and a `Walk` makes each of them cost as little as it may.
"""

from abc import abstractmethod
from typing import Protocol

import torch
from torch import Tensor

from ...data.canvas import Canvas
from ..generative import DrawsByCompleting, Progress, check_known, check_labels, check_temperature
from ._heads import Head

AT_ONCE = 256  # pictures that are drawn or judged together; more would take more memory, and no less time


class Walk(Protocol):
    """n pictures that come to be value by value: `tell` and `put` take turns, in raster order, colours innermost."""

    def tell(self) -> Tensor:
        """Log-probabilities of the levels of the next value, (n, L), given all that were put."""
        ...

    def put(self, values: Tensor) -> None:
        """The next value of each picture, levels (n,)."""
        ...


class Autoregressive(DrawsByCompleting):
    """A network that tells of each value how likely its levels are, given those before it.

    A model writes `forward`, and `walk` where it can do better than to look at the whole picture for each value.
    """

    exact = True

    def __init__(self, canvas: Canvas, n_classes: int, head: Head) -> None:
        super().__init__()
        self.canvas, self.n_classes, self.head = canvas, n_classes, head

    @abstractmethod
    def forward(self, brightness: Tensor, labels: Tensor | None = None) -> Tensor:
        """Brightness (B, C, H, W) from -1 to 1 -> the numbers that the head reads, (B, head.width, H, W)."""

    def walk(self, n: int, labels: Tensor | None = None) -> Walk:
        """A walk through n pictures that gives what `forward` would give, from what it kept of the steps before."""
        return Naive(self, n, labels)

    def brightness(self, levels: Tensor) -> Tensor:
        """Levels (B, C, H, W) as the network sees them: from -1, black, to 1. Floats pass, for gradients."""
        kind = levels.dtype if levels.is_floating_point() else next(self.parameters()).dtype
        return levels.to(kind) * (2 / (self.canvas.levels - 1)) - 1

    def surprises(self, levels: Tensor, labels: Tensor | None = None) -> Tensor:
        """Nats of each value given those before it, (B, C, H, W); differentiable."""
        return self.head.surprises(self._numbers(levels, labels), levels)

    def nats(self, levels: Tensor, labels: Tensor | None = None) -> Tensor:
        """Nats of each picture, (B,): the loss."""
        return self.surprises(levels, labels).flatten(1).sum(1)

    def log_probabilities(self, levels: Tensor, labels: Tensor | None = None) -> Tensor:
        """Of every level of every value given the true ones before it: (B, L, C, H, W), whose exp sums to 1 over L.

        Levels may be floats, for the gradient by them.
        """
        numbers = self._numbers(levels, labels)
        return torch.stack([self.head.channel(numbers, levels, c) for c in range(self.canvas.channels)], 2)

    def log_likelihood(self, levels: Tensor, labels: Tensor | None = None, *, dice: torch.Generator) -> Tensor:
        """Nats of each picture, (B,), at most 0: exact, so that nothing is drawn from `dice`."""
        self.canvas.check(levels)
        check_labels(labels, self.n_classes, len(levels))
        named = [None] * -(-len(levels) // AT_ONCE) if labels is None else labels.split(AT_ONCE)
        pieces = zip(levels.split(AT_ONCE), named, strict=True)
        return torch.cat([-self.nats(some, labels_of) for some, labels_of in pieces])

    def sample_naively(self, n: int, dice: torch.Generator, *, labels: Tensor | None = None) -> Tensor:
        """The same pictures as `sample`, by looking at the whole picture anew for each value: the second opinion."""
        blank, known = self.nothing_known(n)
        return drawn(Naive(self, n, labels), blank, known, dice)

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
        """Pictures whose known pixels stay; see models.generative.Completing.

        A drawn pixel knows the given ones before it, and none after it: what stands below comes too late for it.
        """
        self.canvas.check(levels)
        check_temperature(temperature)
        check_labels(labels, self.n_classes, len(levels))
        check_known(known, self.canvas)
        found = []
        for first in range(0, len(levels), AT_ONCE):
            some = slice(first, first + AT_ONCE)

            def tell(done: int, of_all: int, before: int = first, now: int = len(levels[some])) -> None:
                if progress:
                    progress(before * of_all + done * now, len(levels) * of_all)

            there = labels[some] if labels is not None else None
            found.append(drawn(self.walk(len(levels[some]), there), levels[some], known, dice, temperature, tell))
        return torch.cat(found)

    def _numbers(self, levels: Tensor, labels: Tensor | None) -> Tensor:
        numbers: Tensor = self(self.brightness(levels), labels)
        # log-probabilities are differences of large numbers: bfloat16 ends here
        return numbers if numbers.dtype == torch.float64 else numbers.float()


@torch.no_grad()
def drawn(
    walk: Walk,
    levels: Tensor,
    known: Tensor,
    dice: torch.Generator,
    temperature: float = 1.0,
    progress: Progress | None = None,
) -> Tensor:
    """Levels (n, C, H, W) with known pixels (H, W) as they are and the others drawn by a walk. Progress: by rows."""
    n, channels, height, width = levels.shape
    chance = torch.rand(height, width, channels, n, generator=dice, device=dice.device).to(levels.device)
    given, found = known.tolist(), levels.clone()
    for y in range(height):
        for x in range(width):
            for channel in range(channels):
                log_probabilities = walk.tell()
                if not given[y][x]:
                    found[:, channel, y, x] = pick(log_probabilities / temperature, chance[y, x, channel])
                walk.put(found[:, channel, y, x])
        if progress:
            progress(y + 1, height)
    return found


def pick(scores: Tensor, chance: Tensor) -> Tensor:
    """The level that a number from 0 to 1 falls on: scores (n, L), chance (n,) -> uint8 (n,)."""
    heights = scores.double().softmax(1).cumsum(1)
    return (heights[:, :-1] <= chance[:, None]).sum(1).to(torch.uint8)


class Naive:
    """The walk of a model that keeps nothing: its whole `forward` for each value."""

    def __init__(self, model: Autoregressive, n: int, labels: Tensor | None = None) -> None:
        self.model, self.labels, self.at = model, labels, 0
        where = next(model.parameters()).device
        self.levels = torch.zeros(n, *model.canvas.image, dtype=torch.uint8, device=where)

    def _place(self) -> tuple[int, int, int]:
        pixel, channel = divmod(self.at, self.model.canvas.channels)
        return (channel, *divmod(pixel, self.model.canvas.width))

    def tell(self) -> Tensor:
        channel, y, x = self._place()
        numbers = self.model(self.model.brightness(self.levels), self.labels)[:, :, y : y + 1, x : x + 1].float()
        return self.model.head.channel(numbers, self.levels[:, :, y : y + 1, x : x + 1], channel)[:, :, 0, 0]

    def put(self, values: Tensor) -> None:
        channel, y, x = self._place()
        self.levels[:, channel, y, x] = values
        self.at += 1
