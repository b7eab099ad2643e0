"""Log-likelihoods of integers: what pictures of 2 to 256 levels are, so that nats of different models compare.

A density of continuous values is no likelihood of bytes: it may exceed 1, and grows without bound where data repeat.
Means and scales are in brightness from -1, level 0, to 1, level L - 1; a bin is 2 / (L - 1) wide.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def categorical_log_prob(scores: Tensor, levels: Tensor) -> Tensor:
    """Log-probability of each level under a softmax over all L of them, in nats, at most 0.

    scores: (B, L, ...); levels: (B, ...) integers in 0..L-1. Returns (B, ...).
    Source: van den Oord et al., 2016, "Pixel Recurrent Neural Networks", section 3.3.
    """
    return -F.cross_entropy(scores, levels.long(), reduction="none")


def binary_log_prob(levels: Tensor, scores: Tensor) -> Tensor:
    """Log-probability of black (0) and white (1) pixels, in nats, at most 0: the Bernoulli likelihood.

    levels: (...) in {0, 1}; scores: (...) log-odds of white. Returns (...). Brightness between 0 and 1 is refused with
    ValueError: what the formula gives there is no likelihood of anything.
    """
    if bool(((levels != 0) & (levels != 1)).any()):
        raise ValueError(
            "a Bernoulli likelihood is one of black and white, 0 and 1, and other values came; binarise with levels=2"
        )
    return -F.binary_cross_entropy_with_logits(scores, levels.to(scores), reduction="none")


def discretised_logistic_log_prob(levels: Tensor, mean: Tensor, log_scale: Tensor, n_levels: int = 256) -> Tensor:
    """Log of the mass that a logistic distribution has in the bin of each level, in nats, at most 0.

    levels: (...) in 0..n_levels-1; mean, log_scale: of shapes that broadcast with it. The first and the last bin reach
    to infinity, so that the probabilities of all levels sum to 1.
    Source: Kingma et al., 2016 (inverse autoregressive flow), section 5.2; Salimans et al., 2017, section 2.1.
    """
    half, inverse = 1 / (n_levels - 1), (-log_scale).exp()
    away = levels.to(mean) * (2 * half) - 1 - mean
    above, below = inverse * (away + half), inverse * (away - half)
    # s(a) - s(b) = s(a) s(-b) (1 - exp(b - a)): no difference of two numbers close to 1 is taken
    bin_mass = F.logsigmoid(above) + F.logsigmoid(-below) + (-torch.expm1(-2 * half * inverse)).log()
    last = torch.where(levels == n_levels - 1, F.logsigmoid(-below), bin_mass)
    return torch.where(levels == 0, F.logsigmoid(above), last)


def discretised_logistic_mixture_log_prob(
    levels: Tensor, weights: Tensor, means: Tensor, log_scales: Tensor, n_levels: int = 256
) -> Tensor:
    """Log-probability of each level under a mixture of K discretised logistics, in nats, at most 0.

    levels: (...); weights: (..., K) scores, whose softmax weighs the parts; means, log_scales: (..., K). Returns (...).
    Source: Salimans et al., 2017 (PixelCNN++), section 2.1.
    """
    parts = discretised_logistic_log_prob(levels[..., None], means, log_scales, n_levels)
    return (weights.log_softmax(-1) + parts).logsumexp(-1)
