"""Variational autoencoders: likelihoods that are probabilities, bounds that are below what quadrature finds."""

import itertools
import math

import pytest
import torch
from torch.distributions import Normal

from visus.data.canvas import Canvas
from visus.models.autoencoders import dense_vae
from visus.models.autoencoders._likelihoods import LIKELIHOODS, log_normal_between, mean
from visus.models.autoencoders._variational import drawn

TINY = Canvas(1, 2, 2, 2)
every_likelihood = pytest.mark.parametrize("name", sorted(LIKELIHOODS))


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


def vae(canvas=TINY, n_classes=0, **settings):
    torch.manual_seed(0)
    model = dense_vae.build(canvas, n_classes, **{"latents": 1, "hidden": 8, **settings})
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn(parameter.shape)
    return model.double().eval()


def every_picture(canvas=TINY):
    """All levels of a tiny canvas, (L^D, C, H, W)."""
    rows = list(itertools.product(range(canvas.levels), repeat=canvas.values))
    return torch.tensor(rows, dtype=torch.uint8).view(-1, *canvas.image)


def evidence(model, pictures, labels=None):
    """log p(x) by the trapezoid over the one latent, exact to many digits."""
    at = torch.linspace(-8, 8, 2001, dtype=torch.float64)
    z = at.view(-1, 1, 1).expand(-1, len(pictures), 1)
    with torch.no_grad():
        joint = model.log_prob(pictures, z, labels) + Normal(0.0, 1.0).log_prob(at)[:, None]
    return joint.logsumexp(0) + math.log(16 / 2000)


@every_likelihood
def test_levels_have_probabilities_that_sum_to_1(name):
    canvas = Canvas(1, 1, 1, 2 if name == "bernoulli" else 16)
    seen = LIKELIHOODS[name](canvas).double()
    maps = torch.linspace(-9, 9, 7).double().view(7, 1, 1, 1)
    chances = [seen.log_prob(torch.full((1, 1, 1, 1), level), maps).exp() for level in range(canvas.levels)]
    torch.testing.assert_close(torch.stack(chances).sum(0), torch.ones(7).double())


@every_likelihood
def test_draws_follow_the_probabilities_and_cooler_ones_the_likeliest(name):
    canvas = Canvas(1, 1, 1, 2 if name == "bernoulli" else 4)
    seen = LIKELIHOODS[name](canvas)
    if name != "bernoulli":
        seen.log_scale.data.fill_(-1.0)
    maps = torch.full((20000, 1, 1, 1), 0.4)
    chances = torch.stack(
        [seen.log_prob(torch.full((1, 1, 1, 1), level), maps[:1]).exp()[0] for level in range(canvas.levels)]
    ).detach()
    with torch.no_grad():
        found = seen.draw(maps, dice()).flatten().long().bincount(minlength=canvas.levels) / 20000
        cool = seen.draw(maps, dice(), temperature=0.01).flatten().unique()
    torch.testing.assert_close(found, chances, atol=0.015, rtol=0)
    assert cool.tolist() == [int(chances.argmax())]


@every_likelihood
@pytest.mark.parametrize("logit", [-30.0, 0.0, 30.0])
def test_gradients_are_finite_far_from_the_truth(name, logit):
    canvas = Canvas(1, 1, 2, 2 if name == "bernoulli" else 256)
    seen = LIKELIHOODS[name](canvas)
    if name != "bernoulli":
        seen.log_scale.data.fill_(-9.0)
    maps = torch.full((1, 1, 1, 2), logit, requires_grad=True)
    nats = seen.log_prob(torch.tensor([[[[0, canvas.levels - 1]]]]), maps)
    nats.sum().backward()
    assert nats.isfinite().all()
    assert maps.grad.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in seen.parameters())


def test_the_normals_mass_is_that_of_torch_in_the_middle_and_finite_in_the_tails():
    below = torch.tensor([-3.0, -0.5, 0.2, 2.0, -torch.inf, 1.5]).double()
    above = torch.tensor([-2.5, 0.1, 0.3, 6.0, 0.3, torch.inf]).double()
    normal = Normal(torch.zeros(1).double(), 1.0)
    theirs = (normal.cdf(above) - normal.cdf(below)).log()
    torch.testing.assert_close(log_normal_between(below, above), theirs)
    far = torch.tensor([-80.0, 79.0])
    found = log_normal_between(far, far + 1)
    torch.testing.assert_close(found, found.flip(0))
    assert found.isfinite().all()
    assert (found < -2000).all()


def test_maps_are_logits_of_brightness():
    torch.testing.assert_close(mean(torch.tensor([-40.0, 0.0, 40.0])), torch.tensor([-1.0, 0.0, 1.0]))


def test_bernoulli_of_brightness_is_refused():
    with pytest.raises(ValueError, match=r"256 levels.*add levels=2"):
        dense_vae.build(Canvas(1, 4, 4), likelihood="bernoulli")


def test_the_evidence_of_all_pictures_sums_to_1_and_no_bound_is_above():
    model, pictures = vae(), every_picture()
    exact = evidence(model, pictures)
    assert float(exact.exp().sum()) == pytest.approx(1, abs=1e-9)
    with torch.no_grad():
        bounds = {k: model.log_likelihood(pictures, dice=dice(k), k=k) for k in (1, 5, 50, 2000)}
    gaps = {k: float((exact - bound).mean()) for k, bound in bounds.items()}
    assert gaps[1] > gaps[5] > gaps[50] > gaps[2000] - 0.01
    torch.testing.assert_close(bounds[2000], exact, atol=0.05, rtol=0)


def test_one_draw_is_reconstruction_minus_kl_on_average():
    model, pictures = vae(), every_picture()
    with torch.no_grad():
        weights, likelihood, kl = model.log_weights(pictures, None, 20000, dice())
    torch.testing.assert_close(weights.mean(0), likelihood.mean(0) - kl.sum(1), atol=0.02, rtol=0)


def test_a_bound_in_pieces_is_as_near(monkeypatch):
    model, pictures = vae(), every_picture()[:3]
    monkeypatch.setattr("visus.models.autoencoders._variational.AT_ONCE", 4 * 300)
    found = model.log_likelihood(pictures, dice=dice(), k=2000)
    torch.testing.assert_close(found, evidence(model, pictures), atol=0.05, rtol=0)


def test_a_conditional_bound_is_of_the_picture_given_its_class():
    model = vae(n_classes=3)
    pictures = every_picture()
    for label in range(3):
        labels = torch.full((len(pictures),), label)
        exact = evidence(model, pictures, labels)
        assert float(exact.exp().sum()) == pytest.approx(1, abs=1e-9)
        found = model.log_likelihood(pictures, labels, dice=dice(), k=20_000)
        torch.testing.assert_close(found, exact, atol=0.1, rtol=0)
    with pytest.raises(ValueError, match="give labels"):
        model.log_likelihood(pictures, dice=dice())


def test_draws_have_the_posteriors_mean_and_deviation_and_pass_the_gradient():
    centre, log_variance = torch.tensor([[1.0, -2.0]], requires_grad=True), torch.tensor([[0.0, -2.0]])
    z = drawn(centre, log_variance, 40000, dice())
    torch.testing.assert_close(z.mean(0), centre, atol=0.02, rtol=0)
    torch.testing.assert_close(z.std(0).log() * 2, log_variance, atol=0.03, rtol=0)
    z.sum().backward()
    assert centre.grad.tolist() == [[40000, 40000]]


def test_bytes_have_likelihoods_of_integers():
    """No density: however narrow the scale, a picture has at most 0 nats."""
    canvas = Canvas(1, 2, 2, 256)
    for name in ("logistic", "gaussian"):
        model = vae(canvas, likelihood=name)
        model.observation.log_scale.data.fill_(-20.0)
        pictures = torch.full((1, 1, 2, 2), 128, dtype=torch.uint8)
        with torch.no_grad():
            assert (model.log_prob(pictures, torch.zeros(1, 1, 1).double()) <= 0).all()
