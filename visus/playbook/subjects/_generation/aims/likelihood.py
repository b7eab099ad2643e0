"""How likely held-out pictures are, in nats of a picture: of everything that can tell a probability of one."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from .....data.collection import TRAIN, VALIDATION
from .....data.drawings import Drawings
from .....engine import catalogue
from .....metrics.intervals import bootstrap_mean
from .....models import densities
from .....models.generative import Likelihood
from .....ship.kinds.generation import Painter
from ._tested import Floats, Tell, Tested, lead

MEASURE = "nats per picture"
MOST_FITTED, MOST_JUDGED = 10_000, 2_000  # pictures for simple methods: more change their figures little
MOST_DRAWN = 1_000_000  # pictures decoded for a bound: an importance-weighted one takes k of each
FEWEST_DRAWS, MOST_DRAWS = 20, 500
AT_ONCE = 200  # pictures scored between two looks at the progress


def serves(network: nn.Module) -> bool:
    return isinstance(network, Likelihood)


def said(score: float) -> str:
    return f"{-score:.3f} nats"


def blind(drawings: Drawings) -> float:
    """Of a model that knows how often each pixel has each level."""
    return _simple("independent_pixels", drawings, 0)


def simple(drawings: Drawings, settings: Mapping[str, Any], seed: int, tell: Tell) -> dict[str, float]:
    """Of every classic density."""
    found, names = {}, catalogue.names(densities)
    for number, name in enumerate(names):
        tell(number / len(names), name.replace("_", " "))
        found[name] = _simple(name, drawings, seed)
    return found


def test(
    painter: Painter, drawings: Drawings, part: str, rival: str, settings: Mapping[str, Any], seed: int, tell: Tell
) -> Tested:
    """Mean nats of the pictures of a part, each scored once. rival: a density to be fitted and held against it."""
    k = draws(painter, len(drawings.rows(part)))
    nats = -log_likelihoods(painter, drawings, part, seed, tell, k)
    low, high = bootstrap_mean(nats)
    per_dim = painter.canvas.values * math.log(2)
    kind = f", a bound by {k} draws of each" if k else ""
    words = (
        f"{nats.mean():.3f} nats per picture (95 % CI {low:.3f} to {high:.3f}{kind}), "
        f"{nats.mean() / per_dim:.3f} bits per dimension"
    )
    held = None
    if rival:
        tell(1.0, f"the {rival.replace('_', ' ')} beside it")
        held = lead(rival.replace("_", " "), -_of_density(rival, drawings, part, seed), nats)
    values = {"bits per dimension": float(nats.mean() / per_dim), **({"draws of each": float(k)} if k else {})}
    how = "" if painter.exact else f"The likelihood is a bound from below, importance-weighted by k = {k} draws."
    return Tested(MEASURE, float(nats.mean()), low, high, len(nats), words, held, values, how, nats)


def draws(painter: Painter, n: int) -> int:
    """How many draws a bound of n pictures takes, 0 where the likelihood is exact."""
    return 0 if painter.exact else max(FEWEST_DRAWS, min(MOST_DRAWS, MOST_DRAWN // max(1, n)))


def log_likelihoods(
    painter: Painter, drawings: Drawings, part: str, seed: int, tell: Tell, k: int = 0, limit: int | None = None
) -> Floats:
    """Nats of the pictures of a part, at most 0, in its order."""
    of_bound: dict[str, Any] = {"k": k} if k else {}
    found, n = [np.empty(0)], min(len(drawings.rows(part)), limit or len(drawings.rows(part)))
    for levels, labels in drawings.part(part, limit):
        for some in torch.arange(len(levels)).split(AT_ONCE):
            tell(sum(map(len, found)) / max(1, n), "pictures scored")
            told = labels[some] if painter.n_classes else None
            found.append(painter.log_likelihood(levels[some], told, seed, **of_bound))
    return np.concatenate(found)


def _simple(name: str, drawings: Drawings, seed: int) -> float:
    """Mean nats of validation pictures under a density."""
    return float(_of_density(name, drawings, VALIDATION, seed, MOST_JUDGED).mean())


def _of_density(name: str, drawings: Drawings, part: str, seed: int, limit: int | None = None) -> Floats:
    """Nats of the pictures of a part under a density fitted to the training part."""
    density = catalogue.find(densities, name).build(drawings.canvas)
    density.fit((levels for levels, _ in drawings.part(TRAIN, MOST_FITTED)), seed)
    dice = torch.Generator().manual_seed(seed)
    nats = [density.log_likelihood(levels, dice=dice) for levels, _ in drawings.part(part, limit)]
    found: Floats = torch.cat(nats).double().numpy()
    return found
