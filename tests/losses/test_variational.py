"""Variational losses: closed forms against torch's distributions, bounds against a model whose likelihood is known."""

import itertools
import math

import pytest
import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from visus.losses.variational import free_nats, gaussian_kl, gaussian_log_density, log_weights, tightened


def gaussians(n=4, latents=3, seed=0):
    dice = torch.Generator().manual_seed(seed)
    return torch.randn(n, latents, generator=dice).double(), torch.randn(n, latents, generator=dice).double()


def test_kl_is_that_of_torch():
    mean, log_variance = gaussians()
    theirs = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(gaussian_kl(mean, log_variance), theirs)


def test_kl_is_0_at_the_prior_alone_and_never_below_however_near():
    near = torch.logspace(-8, 0, 20)
    assert torch.equal(gaussian_kl(torch.zeros(1, 3), torch.zeros(1, 3)), torch.zeros(1, 3))
    assert (gaussian_kl(torch.zeros(20), near) >= 0).all()
    assert (gaussian_kl(torch.zeros(20), -near) >= 0).all()


def test_kl_of_other_shapes_is_refused():
    with pytest.raises(ValueError, match=r"means are \(4, 3\) but log-variances \(4, 2\)"):
        gaussian_kl(torch.zeros(4, 3), torch.zeros(4, 2))


def test_density_is_that_of_torch():
    mean, log_variance = gaussians()
    z, _ = gaussians(seed=1)
    theirs = Normal(mean, (0.5 * log_variance).exp()).log_prob(z).sum(1)
    torch.testing.assert_close(gaussian_log_density(z, mean, log_variance), theirs)


def linear(n=3):
    """x = W z + noise with orthogonal columns: evidence and posterior in closed form, the posterior's axes the z's."""
    w = torch.tensor([[1.0, 1.0], [1.0, -1.0], [2.0, 0.0], [0.0, 3.0]]).double()
    w[:, 1] -= w[:, 0] * (w[:, 0] @ w[:, 1]) / (w[:, 0] @ w[:, 0])
    noise = 0.7
    x = torch.randn(n, 4, generator=torch.Generator().manual_seed(2)).double()
    evidence = MultivariateNormal(torch.zeros(4).double(), w @ w.T + noise**2 * torch.eye(4)).log_prob(x)
    precision = 1 + w.square().sum(0) / noise**2
    mean = (x @ w) / noise**2 / precision

    def seen(z):
        return Normal(z @ w.T, noise).log_prob(x).sum(-1)

    return evidence, mean, -precision.log().expand(n, 2), seen


def draws(mean, log_variance, k, seed=3):
    noise = torch.randn(k, *mean.shape, generator=torch.Generator().manual_seed(seed)).double()
    return mean + noise * (0.5 * log_variance).exp()


def test_every_draw_of_the_true_posterior_weighs_the_evidence():
    evidence, mean, log_variance, seen = linear()
    z = draws(mean, log_variance, 5)
    weights = log_weights(seen(z), z, mean, log_variance)
    torch.testing.assert_close(weights, evidence.expand(5, 3))
    torch.testing.assert_close(tightened(weights), evidence)


def test_more_draws_of_a_wrong_posterior_come_nearer_from_below():
    evidence, mean, log_variance, seen = linear()
    wide = log_variance + 0.6
    z = draws(mean + 0.1, wide, 40_000)
    weights = log_weights(seen(z), z, mean + 0.1, wide)
    bounds = [
        tightened(weights.view(k, -1, 3)).mean(0) for k in (1, 5, 50, 40_000)
    ]  # as many bounds of k draws as there are, averaged
    for looser, tighter in itertools.pairwise(bounds):
        assert (looser < tighter).all()
    assert (bounds[0] < evidence - 0.05).all()
    torch.testing.assert_close(bounds[-1], evidence, atol=0.02, rtol=0)


def test_a_bound_of_one_draw_is_reconstruction_minus_kl_on_average():
    _, mean, log_variance, seen = linear()
    wide = log_variance + 0.6
    z = draws(mean, wide, 40_000)
    lower = log_weights(seen(z), z, mean, wide).mean(0)
    torch.testing.assert_close(lower, seen(z).mean(0) - gaussian_kl(mean, wide).sum(1), atol=0.03, rtol=0)


def test_beta_weighs_what_is_beside_the_likelihood():
    _, mean, log_variance, seen = linear()
    z = draws(mean, log_variance, 2)
    likelihood = seen(z)
    one, half = (log_weights(likelihood, z, mean, log_variance, beta) for beta in (1.0, 0.5))
    torch.testing.assert_close(half - likelihood, 0.5 * (one - likelihood))


def test_tightened_is_a_plain_mean_of_chances():
    weights = torch.tensor([[-1.0, -700.0], [-2.0, -701.0]]).double()
    wanted = math.log((math.exp(-1) + math.exp(-2)) / 2)
    torch.testing.assert_close(tightened(weights), torch.tensor([wanted, wanted - 699]).double())


def test_free_nats_are_given_to_each_latent():
    kl = torch.tensor([[0.1, 2.0], [0.3, 4.0]])
    assert float(free_nats(kl, 0.0)) == pytest.approx(3.2)
    assert float(free_nats(kl, 0.5)) == pytest.approx(3.5)
