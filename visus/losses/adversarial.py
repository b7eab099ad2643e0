"""What a critic and a generator lose in each game of generative adversarial networks: from scores, averaged over them.

    minimax         -log D(x) - log(1 - D(G(z)))   against   log(1 - D(G(z)))
    non_saturating  the same critic                against   -log D(G(z)): steep where the critic is sure
    least_squares   (D(x) - 1)^2 / 2 + D(G(z))^2 / 2   against   (D(G(z)) - 1)^2 / 2
    wasserstein     D(G(z)) - D(x)                 against   -D(G(z)), with a critic that is held smooth
    hinge           max(0, 1 - D(x)) + max(0, 1 + D(G(z)))   against   -D(G(z))

In the first two a score is the log-odds of being real, so that the losses are nats; in the others it is a plain number.
Sources: Goodfellow et al., 2014, section 3, also of the second; Mao et al., 2017, equation 9; Arjovsky et al., 2017,
algorithm 1; Lim and Ye, 2017, and Miyato et al., 2018, equations 16 and 17.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Playing = Literal["minimax", "non_saturating", "least_squares", "wasserstein", "hinge"]


@dataclass(frozen=True)
class Game:
    """Losses as functions of scores (B,), scalars each.

    real: the critic's on pictures of the set, with the share by which "real" is taken back (one-sided smoothing).
    generated: the critic's on pictures that were made. fooling: the generator's on them. logistic: whether a score is
    the log-odds of being real. smooths: whether a real picture may be taken for less than certain.
    """

    real: Callable[[Tensor, float], Tensor]
    generated: Callable[[Tensor], Tensor]
    fooling: Callable[[Tensor], Tensor]
    logistic: bool = False
    smooths: bool = False


def _likely_real(scores: Tensor, smoothing: float) -> Tensor:
    """-(1 - s) log D(x) - s log(1 - D(x)). Source of the smoothing: Salimans et al., 2016, section 3.4."""
    return ((1 - smoothing) * F.softplus(-scores) + smoothing * F.softplus(scores)).mean()


def _likely_generated(scores: Tensor) -> Tensor:
    """-log(1 - D(G(z)))."""
    return F.softplus(scores).mean()


def _near_one(scores: Tensor, smoothing: float = 0.0) -> Tensor:
    return 0.5 * (scores - (1 - smoothing)).square().mean()


MINIMAX = Game(
    _likely_real,
    _likely_generated,
    lambda scores: -F.softplus(scores).mean(),
    logistic=True,
    smooths=True,
)
NON_SATURATING = Game(
    _likely_real,
    _likely_generated,
    lambda scores: F.softplus(-scores).mean(),
    logistic=True,
    smooths=True,
)
LEAST_SQUARES = Game(_near_one, lambda scores: 0.5 * scores.square().mean(), _near_one, smooths=True)
WASSERSTEIN = Game(lambda scores, _: -scores.mean(), lambda scores: scores.mean(), lambda scores: -scores.mean())
HINGE = Game(
    lambda scores, _: F.relu(1 - scores).mean(),
    lambda scores: F.relu(1 + scores).mean(),
    lambda scores: -scores.mean(),
)
GAMES: Mapping[str, Game] = {
    "minimax": MINIMAX,
    "non_saturating": NON_SATURATING,
    "least_squares": LEAST_SQUARES,
    "wasserstein": WASSERSTEIN,
    "hinge": HINGE,
}


def named(name: str) -> Game:
    """The game called `name`. Raises ValueError with the known names."""
    if name not in GAMES:
        raise ValueError(f"the game must be one of {', '.join(GAMES)}; got '{name}'")
    return GAMES[name]


def gradient_penalty(
    score: Callable[[Tensor], Tensor], real: Tensor, generated: Tensor, shares: Tensor, length: float = 1.0
) -> Tensor:
    """Mean of (|gradient of the score by the picture| - length)^2 at points between real and generated pictures.

    score: pictures (B, C, H, W) -> (B,). shares: (B,) in [0, 1], of the real picture in each point; drawn evenly. A
    scalar in [0, inf), 0 where the critic rises by `length` per unit of distance. Raises ValueError where the shapes
    differ. Source: Gulrajani et al., 2017, equation 3, whose weight is 10.
    """
    if real.shape != generated.shape:
        raise ValueError(f"as many generated as real pictures are paired; got {len(generated)} for {len(real)}")
    share = shares.view(-1, *[1] * (real.ndim - 1)).to(real)
    between = torch.lerp(generated.detach(), real.detach(), share).requires_grad_()
    with torch.enable_grad():
        total = score(between).sum()  # a picture's score depends on no other, unless the critic normalises batches
        (slope,) = torch.autograd.grad(total, between, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - length).square().mean()
