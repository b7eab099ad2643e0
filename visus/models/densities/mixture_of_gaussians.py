"""A mixture of Gaussians without correlations, by expectation-maximisation; of two levels, a mixture of Bernoullis.

Expectation: how likely each component made each picture. Maximisation: each component becomes the weighted mean and
variance of its pictures (Dempster et al., 1977; Bishop, 2006, sections 9.2 and 9.3.3).

A Gaussian is fitted to levels as numbers; what is told is the probability of the integer: the mass between its two
edges, the first and the last level taking the tails. A value far from all that was seen would be impossible, so one in
a thousand is drawn from all levels alike.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from ...data.canvas import Canvas
from ._products import Products

STRAY = 1e-3  # share of values that are drawn from all levels alike
ROUNDED = 1 / 12  # variance of a number that was rounded to a whole one (Sheppard)
GAIN = 1e-4  # nats a value that a pass must bring, or it was the last
NO_SHARE = 1e-12  # of a picture: smaller ones are none, and spare the slow arithmetic of numbers near 0
PIECE = 2000  # pictures looked at in one go


class Mixture(Products):
    """components: K. passes: at most, over the training pictures."""

    weights: Tensor  # (K,) logarithms of shares
    means: Tensor  # (K, D), levels
    variances: Tensor  # (K, D)

    def __init__(self, canvas: Canvas, n_classes: int, components: int, passes: int) -> None:
        super().__init__(canvas, n_classes, ("weights", "means", "variances"))
        if components < 1 or passes < 1:
            raise ValueError(f"components and passes must be at least 1; got {components} and {passes}")
        self.components, self.passes = components, passes
        self.course: list[float] = []  # nats a picture before each pass of the last fit, of the density that is fitted

    def _fit(self, values: Tensor, dice: torch.Generator) -> None:
        K = min(self.components, len(values))
        sums = sum(torch.stack([x.sum(0), x.square().sum(0)]) for x in _pieces(values, torch.float64))
        assert isinstance(sums, Tensor)
        overall = ((sums[0] + (self.canvas.levels - 1) / 2) / (len(values) + 1)).float()
        spread = ((sums[1] / len(values) - (sums[0] / len(values)).square()).clamp_min(0) + ROUNDED).float()
        chosen = values[torch.randperm(len(values), generator=dice)[:K]].float()
        # halfway between a picture and the mean: else the nearest component would take a picture whole from the start
        self.means, self.variances = (chosen + overall) / 2, spread.expand(K, -1).clone()
        self.weights = torch.full((K,), -float(torch.tensor(K).log()))
        self.course = []
        for _ in range(self.passes):
            self.course.append(self._improve(values, overall, spread))
            if len(self.course) > 1 and self.course[-1] - self.course[-2] < GAIN * self.canvas.values:
                break
        self._kept = None

    def _improve(self, values: Tensor, overall: Tensor, spread: Tensor) -> float:
        """One pass: expectation and maximisation. Returns the mean log-density of before, nats."""
        K, D = self.means.shape
        total, first, second, nats = torch.zeros(K), torch.zeros(K, D), torch.zeros(K, D), 0.0
        for x in _pieces(values, torch.float32):
            joint = self._log_densities(x) + self.weights  # (B, K)
            whole = torch.logsumexp(joint, 1)
            share = F.threshold((joint - whole[:, None]).exp(), NO_SHARE, 0.0)
            total, first, second = total + share.sum(0), first + share.T @ x, second + share.T @ x.square()
            nats += float(whole.sum(dtype=torch.float64))
        # each component is lent one picture of the mean and the spread of all, so that none is left without any
        lent = total[:, None] + 1
        self.weights = (total + 1).log() - (total + 1).sum().log()
        self.means = (first + overall) / lent
        about = second - 2 * self.means * first + total[:, None] * self.means.square()
        self.variances = (about.clamp_min(0) + spread) / lent + ROUNDED
        return nats / len(values)

    def _log_densities(self, x: Tensor) -> Tensor:
        """Pictures as numbers (B, D) -> log-density by each component, (B, K)."""
        if self.canvas.levels == 2:
            return x @ self.means.logit().T + (-self.means).log1p().sum(1)
        precision = 1 / self.variances
        squares = (
            x.square() @ precision.T - 2 * x @ (precision * self.means).T + (precision * self.means.square()).sum(1)
        )
        return -0.5 * (squares + (2 * torch.pi * self.variances).log().sum(1))

    def _weights(self) -> Tensor:
        return self.weights

    def _table(self) -> Tensor:
        if self.canvas.levels == 2:
            return torch.stack([(-self.means).log1p(), self.means.log()], 2).permute(1, 2, 0).flatten(0, 1).contiguous()
        L = self.canvas.levels
        spread = (self.variances - ROUNDED).clamp_min(ROUNDED / 4).sqrt()  # the mass of an integer rounds by itself
        edges = (torch.arange(1, L, device=spread.device) - 0.5)[:, None]
        rows = []
        for mean, deviation in zip(self.means.T, spread.T, strict=True):  # value by value: all at once is large
            below = torch.special.ndtr((edges - mean) / deviation)  # (L - 1, K)
            mass = torch.diff(below, dim=0, prepend=below.new_zeros(1, len(mean)), append=below.new_ones(1, len(mean)))
            rows.append(((1 - STRAY) * mass + STRAY / L).log())
        return torch.cat(rows)


def _pieces(values: Tensor, dtype: torch.dtype) -> Iterator[Tensor]:
    return (some.to(dtype) for some in values.split(PIECE))


def build(canvas: Canvas, n_classes: int = 0, components: int = 50, passes: int = 50) -> Mixture:
    """components: of the mixture. passes: over the training pictures, at most; it stops when one brings nothing."""
    return Mixture(canvas, n_classes, components, passes)
