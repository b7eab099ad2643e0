"""How likely levels are given a decoder's maps: probabilities of integers, so that nats compare with other models'."""

from collections.abc import Mapping
from typing import Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...data.canvas import Canvas
from ...losses.discretised import discretised_logistic_log_prob
from ...losses.segmentation import widened

Named = Literal["auto", "bernoulli", "logistic", "gaussian"]
SCALE = -2.0  # first logarithm of the scale, of values from -1 to 1
NARROWEST = -6.0  # a pixel that is black in every training picture shall not be impossible in another


class Observation(Protocol):
    """p(x|z): maps are logits of brightness, (..., C, H, W); levels uint8 (B, C, H, W)."""

    def log_prob(self, levels: Tensor, maps: Tensor) -> Tensor:
        """Nats of each picture, (...), at most 0, float32 or wider."""
        ...

    def draw(self, maps: Tensor, dice: torch.Generator, temperature: float = 1.0) -> Tensor:
        """Levels uint8, as the maps are shaped."""
        ...


class Bernoulli(nn.Module):
    """Black and white: each value is white with the probability of its brightness."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__()
        if canvas.levels != 2:
            raise ValueError(
                f"likelihood=bernoulli is of black and white pictures, and these have {canvas.levels} levels: of "
                "brightness between, it would be no probability; add levels=2, or take likelihood=logistic"
            )

    def log_prob(self, levels: Tensor, maps: Tensor) -> Tensor:
        maps = widened(maps)
        # log(1 - p) = -softplus(logit), and white adds the logit: two passes, for k maps of one picture at a time
        return (maps * levels.to(maps.dtype) - F.softplus(maps)).flatten(-3).sum(-1)

    def draw(self, maps: Tensor, dice: torch.Generator, temperature: float = 1.0) -> Tensor:
        chance = torch.sigmoid(widened(maps) / temperature)
        return (_uniform(chance, dice) < chance).to(torch.uint8)


class _Scaled(nn.Module):
    """A distribution about a mean on the line from -1, black, to 1, white, with a learned scale of every value.

    A level has what falls between the middles to its neighbours; black and white have the tails.
    """

    def __init__(self, canvas: Canvas) -> None:
        super().__init__()
        self.levels = canvas.levels
        self.log_scale = nn.Parameter(torch.full(canvas.image, SCALE))

    @property
    def bounded(self) -> Tensor:
        """The logarithm of the scale, (C, H, W)."""
        return self.log_scale.clamp_min(NARROWEST)

    def drawn(self, maps: Tensor, noise: Tensor, temperature: float) -> Tensor:
        """Levels uint8 of standard noise, shaped as the maps."""
        value = mean(maps) + noise * self.bounded.exp() * temperature
        return ((value + 1) / 2 * (self.levels - 1)).round().clamp(0, self.levels - 1).to(torch.uint8)


class Logistic(_Scaled):
    """A discretised logistic (Kingma et al., 2016, "Inverse Autoregressive Flow", appendix C)."""

    def log_prob(self, levels: Tensor, maps: Tensor) -> Tensor:
        found = discretised_logistic_log_prob(levels, mean(maps), self.bounded, self.levels)
        return found.flatten(-3).sum(-1)

    def draw(self, maps: Tensor, dice: torch.Generator, temperature: float = 1.0) -> Tensor:
        chance = _uniform(mean(maps), dice).clamp(1e-6, 1 - 1e-6)
        return self.drawn(maps, torch.logit(chance), temperature)


class Gaussian(_Scaled):
    """A discretised Gaussian."""

    def log_prob(self, levels: Tensor, maps: Tensor) -> Tensor:
        middle, half = mean(maps), 1 / (self.levels - 1)
        value = levels.to(middle.dtype) * (2 * half) - 1
        inverse = torch.exp(-self.bounded)
        above, below = (value + half - middle) * inverse, (value - half - middle) * inverse
        above = above.masked_fill(levels == self.levels - 1, torch.inf)
        below = below.masked_fill(levels == 0, -torch.inf)
        return log_normal_between(below, above).flatten(-3).sum(-1)

    def draw(self, maps: Tensor, dice: torch.Generator, temperature: float = 1.0) -> Tensor:
        noise = torch.randn(maps.shape, generator=dice, device=dice.device).to(maps.device)
        return self.drawn(maps, noise, temperature)


LIKELIHOODS: Mapping[str, type[nn.Module]] = {"bernoulli": Bernoulli, "logistic": Logistic, "gaussian": Gaussian}


def observed(named: Named, canvas: Canvas) -> nn.Module:
    """An `Observation` of the pictures of a canvas. auto: bernoulli for two levels, logistic for more."""
    if named == "auto":
        named = "bernoulli" if canvas.levels == 2 else "logistic"
    return LIKELIHOODS[named](canvas)


def mean(maps: Tensor) -> Tensor:
    """Logits of brightness -> values from -1 to 1."""
    return 2 * torch.sigmoid(widened(maps)) - 1


def log_normal_between(below: Tensor, above: Tensor) -> Tensor:
    """log(Phi(above) - Phi(below)) for below < above, either of them infinite; finite however far in the tail."""
    # In the upper tail both are nearly 1; in the lower, by symmetry, they are small and exact.
    upper = below > 0
    low, high = torch.where(upper, -above, below), torch.where(upper, -below, above)
    whole = torch.special.log_ndtr(high)
    finite = low > -torch.inf
    less = torch.special.log_ndtr(low.masked_fill(~finite, 0.0)) - whole
    inside = torch.log(-torch.expm1(torch.where(finite, less, -1.0).clamp_max(-1e-7)))
    return whole + torch.where(finite, inside, 0.0)


def _uniform(like: Tensor, dice: torch.Generator) -> Tensor:
    """Uniform draws in [0, 1), shaped as `like` and where it is."""
    return torch.rand(like.shape, generator=dice, device=dice.device).to(like)
