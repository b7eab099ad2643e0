"""Weight penalties: what is added to the data loss so that, of many weights with the same loss, small ones win.

    l2        strength * sum W**2         spreads: every weight is pulled in proportion to its size
    half_l2   strength / 2 * sum W**2     the same with a gradient of strength * W; what `weight_decay` means here
    l1        strength * sum |W|          sparsifies: every weight is pulled equally, small ones to 0

Three conventions of L2 and two of the elastic net are in use; the names keep them apart. Biases are not penalised: they
scale nothing. One step on `half_l2` is weight decay: w - lr * strength * w = (1 - lr * strength) * w.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

Weights = Tensor | Iterable[Tensor]


def l2(weights: Weights, strength: float) -> Tensor:
    """strength * sum of W**2 over one tensor or several: a scalar, with gradient 2 * strength * W."""
    return strength * _sum(w.square().sum() for w in _each(weights))


def half_l2(weights: Weights, strength: float) -> Tensor:
    """strength / 2 * sum of W**2 over one tensor or several: a scalar, with gradient strength * W."""
    return 0.5 * l2(weights, strength)


def l1(weights: Weights, strength: float) -> Tensor:
    """strength * sum of |W| over one tensor or several: a scalar, with gradient strength * sign(W), 0 at 0."""
    return strength * _sum(w.abs().sum() for w in _each(weights))


def elastic_net(weights: Weights, l1: float, l2: float) -> Tensor:
    """l1 * sum of |W| + l2 * sum of W**2: the form with two strengths of their own. Zou and Hastie, 2005."""
    return _sum(l1 * w.abs().sum() + l2 * w.square().sum() for w in _each(weights))


def elastic_net_mixed(weights: Weights, strength: float, beta: float) -> Tensor:
    """strength * sum of (beta * W**2 + |W|): the form with one strength and a mixture."""
    return elastic_net(weights, l1=strength, l2=strength * beta)


def _each(weights: Weights) -> Iterable[Tensor]:
    return [weights] if isinstance(weights, Tensor) else weights


def _sum(scalars: Iterable[Tensor]) -> Tensor:
    return sum(scalars, start=torch.zeros(()))
