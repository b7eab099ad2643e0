"""What stands at the end of an autoregressive network: numbers of a place -> probabilities of its values' levels.

A head reads maps (B, width, H, W). `colours` says to which colour each of the numbers belongs: it may depend on the
colours before its own in the same pixel.
"""

import math
from typing import Protocol

import torch
from torch import Tensor

from ...data.canvas import Canvas
from ...layers.masked import colours_of
from ...losses.discretised import (
    categorical_log_prob,
    discretised_logistic_log_prob,
)

LEAST_LOG_SCALE = -7.0  # a thousandth of the brightness: sharper parts would be single levels (Salimans et al., 2017)


class Head(Protocol):
    """width: numbers of each place. n_colours: parts that they are told in, one after another. blind: nats of a picture
    at the start, or None where it says nothing."""

    width: int
    colours: Tensor
    n_colours: int
    blind: float | None

    def start(self) -> Tensor | None:
        """What the numbers are before anything is learned, (width,), or None for zeros."""
        ...

    def surprises(self, numbers: Tensor, levels: Tensor) -> Tensor:
        """Nats of each value, (B, C, H, W), of maps (B, width, H, W) and levels (B, C, H, W)."""
        ...

    def channel(self, numbers: Tensor, levels: Tensor, channel: int) -> Tensor:
        """Log-probabilities of all levels of one channel, (B, L, H, W); of levels the channels before it are read."""
        ...


class Softmax:
    """A score for each level of each channel, as if levels had no order (van den Oord et al., 2016, section 3.3)."""

    def __init__(self, canvas: Canvas) -> None:
        self.channels, self.levels = canvas.channels, canvas.levels
        self.width, self.n_colours = canvas.channels * canvas.levels, canvas.channels
        self.colours = colours_of(self.width, canvas.channels)
        self.blind: float | None = canvas.values * math.log(canvas.levels)

    def start(self) -> Tensor | None:
        return None

    def surprises(self, numbers: Tensor, levels: Tensor) -> Tensor:
        scores = numbers.unflatten(1, (self.channels, self.levels)).transpose(1, 2)
        return -categorical_log_prob(scores, levels)

    def channel(self, numbers: Tensor, levels: Tensor, channel: int) -> Tensor:
        return numbers[:, channel * self.levels : (channel + 1) * self.levels].log_softmax(1)


class Mixture:
    """A mixture of logistics whose parts are pixels: red, then green given red, then blue given both.

    The mean of green moves with red and that of blue with red and green, by numbers that a place tells at once, so that
    the network itself needs no order of colours. Source: Salimans et al., 2017 (PixelCNN++), section 2.1-2.2.
    """

    START_LOG_SCALE = -1.0  # wide parts: at first every level has some of the mass

    def __init__(self, canvas: Canvas, parts: int) -> None:
        if parts < 1:
            raise ValueError(f"a mixture has at least 1 part; got {parts}")
        self.channels, self.levels, self.parts = canvas.channels, canvas.levels, parts
        self.pairs = [(of, by) for of in range(canvas.channels) for by in range(of)]  # green by red, blue by red, ...
        self.width, self.n_colours = parts * (1 + 2 * canvas.channels + len(self.pairs)), 1
        self.colours = torch.zeros(self.width, dtype=torch.int64)
        self.blind: float | None = None

    def start(self) -> Tensor | None:
        numbers = torch.zeros(1 + 2 * self.channels + len(self.pairs), self.parts)
        numbers[1 : 1 + self.channels] = torch.linspace(-1, 1, self.parts + 2)[1:-1]
        numbers[1 + self.channels : 1 + 2 * self.channels] = self.START_LOG_SCALE
        return numbers.flatten()

    def surprises(self, numbers: Tensor, levels: Tensor) -> Tensor:
        weights, before = self._rows(numbers)[:, 0].log_softmax(1), torch.zeros(())
        found = []
        for channel in range(self.channels):
            part = discretised_logistic_log_prob(
                levels[:, channel, None], *self._part(numbers, levels, channel), self.levels
            )
            weights = weights + part
            joint = weights.logsumexp(1)
            found.append(before - joint)
            before = joint
        return torch.stack(found, 1)

    def channel(self, numbers: Tensor, levels: Tensor, channel: int) -> Tensor:
        weights = self._rows(numbers)[:, 0]
        for earlier in range(channel):  # how well each part told the colours before says how much it counts
            mean, log_scale = self._part(numbers, levels, earlier)
            weights = weights + discretised_logistic_log_prob(levels[:, earlier, None], mean, log_scale, self.levels)
        mean, log_scale = self._part(numbers, levels, channel)
        every = torch.arange(self.levels, device=numbers.device).view(1, -1, 1, 1)
        weights = weights.log_softmax(1)
        total = numbers.new_full((), -math.inf)
        for part in range(self.parts):  # one by one: (B, parts, L, H, W) would be gigabytes
            mass = discretised_logistic_log_prob(every, mean[:, part, None], log_scale[:, part, None], self.levels)
            total = torch.logaddexp(total, weights[:, part, None] + mass)
        return total

    def _rows(self, numbers: Tensor) -> Tensor:
        """(B, 1 + 2 C + pairs, parts, H, W): weights, means, log-scales, dependences."""
        return numbers.unflatten(1, (-1, self.parts))

    def _part(self, numbers: Tensor, levels: Tensor, channel: int) -> tuple[Tensor, Tensor]:
        """Means and log-scales of one channel, (B, parts, H, W) each, given the channels before it."""
        rows = self._rows(numbers)
        mean, log_scale = rows[:, 1 + channel], rows[:, 1 + self.channels + channel].clamp_min(LEAST_LOG_SCALE)
        for number, (of, by) in enumerate(self.pairs):
            if of == channel:
                brightness = levels[:, by, None].to(numbers) * (2 / (self.levels - 1)) - 1
                mean = mean + rows[:, 1 + 2 * self.channels + number].tanh() * brightness
        return mean, log_scale
