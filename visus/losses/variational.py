"""Variational inference: how far a posterior is from the prior, and bounds of a likelihood made from draws."""

import math

import torch
from torch import Tensor


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) of each latent, nats: (B, Z) and (B, Z) -> (B, Z), at least 0.

    Of a picture it is the sum over Z. Raises ValueError if the shapes differ. Source: Kingma and Welling, 2014,
    "Auto-Encoding Variational Bayes", appendix B.
    """
    if mean.shape != log_variance.shape:
        raise ValueError(
            f"means are {tuple(mean.shape)} but log-variances {tuple(log_variance.shape)}; give one of each a latent"
        )
    # expm1(v) - v is what is left of exp(v) - 1 - v near 0 without cancelling
    return 0.5 * (mean.square() + torch.expm1(log_variance) - log_variance)


def gaussian_log_density(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """log N(z; mean, exp(log_variance)) of points (..., Z), summed over Z: nats (...)."""
    squares = (z - mean).square() * torch.exp(-log_variance)
    return -0.5 * (squares + log_variance + math.log(2 * math.pi)).sum(-1)


def log_weights(log_likelihood: Tensor, z: Tensor, mean: Tensor, log_variance: Tensor, beta: float = 1.0) -> Tensor:
    """log p(x|z) + beta (log p(z) - log q(z|x)) of draws z (k, B, Z) from q = N(mean, exp(log_variance)): (k, B).

    log_likelihood: log p(x|z), (k, B). Their mean over k is a draw of the evidence lower bound; see also `tightened`.
    """
    prior = gaussian_log_density(z, torch.zeros_like(mean), torch.zeros_like(log_variance))
    return log_likelihood + beta * (prior - gaussian_log_density(z, mean, log_variance))


def tightened(weights: Tensor) -> Tensor:
    """The importance-weighted bound of each picture's log-likelihood, log of the mean of exp over k: (k, B) -> (B,).

    In expectation it is at most log p(x), never less for more draws, and the evidence lower bound for k = 1. Source:
    Burda et al., 2016, "Importance Weighted Autoencoders", equation 8.
    """
    return torch.logsumexp(weights, 0) - math.log(len(weights))


def free_nats(kl: Tensor, least: float) -> Tensor:
    """The KL of a mean picture, nats, below `least` in no latent: (B, Z) -> a scalar.

    A latent that carries less than that is not pressed to carry nothing. least: nats a latent; 0 is the plain mean.
    Source: Kingma et al., 2016, "Improved Variational Inference with Inverse Autoregressive Flow", section 3.3.
    """
    return kl.mean(0).clamp_min(least).sum()
