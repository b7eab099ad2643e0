"""Promises every classic density keeps. A new file in `models/densities` is tested without being mentioned."""

import copy
import inspect
import itertools
import math

import numpy as np
import pytest
import torch

from visus.data.canvas import Canvas
from visus.engine import catalogue
from visus.models import densities
from visus.models.densities import independent_pixels, mixture_of_gaussians, pca_gaussian
from visus.models.generative import Completing, Generative, Latent, Likelihood

NAMES = catalogue.names(densities)
every_density = pytest.mark.parametrize("name", NAMES)
SMALL = {"components": 3}
CANVASES = [Canvas(1, 3, 4, 2), Canvas(1, 3, 4, 16), Canvas(3, 2, 3, 256)]
on_each = pytest.mark.parametrize("canvas", CANVASES, ids=str)


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


def blobs(canvas, n=200, seed=0):
    """Two kinds of pictures, dark and light, with neighbours alike: something to be told by a density."""
    kind = torch.rand(n, 1, 1, 1, generator=dice(seed)) < 0.4
    rough = torch.rand(n, *canvas.image, generator=dice(seed + 1))
    rows = torch.rand(n, 1, canvas.height, 1, generator=dice(seed + 2))
    brightness = torch.where(kind, 0.15, 0.7) + 0.1 * rough + 0.1 * rows
    if canvas.levels == 2:
        brightness = (brightness > torch.rand(brightness.shape, generator=dice(seed + 3))).float()
    return (brightness.clamp(0, 0.999) * canvas.levels).floor().to(torch.uint8)


def fitted(name, canvas, pictures=None, **settings):
    build = catalogue.find(densities, name).build
    small = {setting: value for setting, value in SMALL.items() if setting in inspect.signature(build).parameters}
    levels = blobs(canvas) if pictures is None else pictures
    return build(canvas, **{**small, **settings}).fit(levels.split(64), seed=0)


def every_picture(canvas):
    rows = list(itertools.product(range(canvas.levels), repeat=canvas.values))
    return torch.tensor(rows, dtype=torch.uint8).view(-1, *canvas.image)


@every_density
def test_offers_what_generative_models_offer(name):
    density = fitted(name, CANVASES[0])
    assert isinstance(density, Generative)
    assert isinstance(density, Likelihood)
    assert isinstance(density, Completing)


@every_density
@on_each
def test_pictures_like_those_it_was_fitted_to_are_likelier_than_noise(name, canvas):
    density = fitted(name, canvas)
    alike, noise = blobs(canvas, seed=7), torch.randint(0, canvas.levels, (200, *canvas.image), generator=dice())
    found = density.log_likelihood(alike, dice=dice())
    assert found.shape == (200,)
    assert (found <= 0).all()
    assert found.mean() > density.log_likelihood(noise.to(torch.uint8), dice=dice()).mean()


@every_density
@pytest.mark.parametrize("canvas", [Canvas(1, 3, 3, 2), Canvas(1, 2, 2, 5), Canvas(3, 1, 2, 3)], ids=str)
def test_likelihoods_of_all_pictures_sum_to_one_or_to_less_where_they_are_a_bound(name, canvas):
    density = fitted(name, canvas)
    total = density.log_likelihood(every_picture(canvas), dice=dice()).double().exp().sum().item()
    if density.exact:
        assert total == pytest.approx(1, abs=1e-4)
    else:
        assert 0.05 < total <= 1


@every_density
@on_each
def test_draws_pictures_like_those_it_was_fitted_to(name, canvas):
    density, levels = fitted(name, canvas), blobs(canvas, 1000)
    drawn = density.sample(1000, dice())
    assert drawn.dtype == torch.uint8
    assert int(drawn.max()) < canvas.levels
    gap = (drawn.float().mean(0) - levels.float().mean(0)).abs().max() / (canvas.levels - 1)
    assert gap < 0.15  # a Gaussian's tails are cut off at black and white
    assert torch.equal(density.sample(5, dice(3)), density.sample(5, dice(3)))
    assert not torch.equal(density.sample(5, dice(3)), density.sample(5, dice(4)))


@every_density
@on_each
def test_completion_keeps_what_is_known(name, canvas):
    density, levels = fitted(name, canvas), blobs(canvas, 50, seed=9)
    known = torch.zeros(canvas.image[1:], dtype=torch.bool)
    known[:1] = True
    completed = density.complete(levels, known, dice())
    assert torch.equal(completed[:, :, known], levels[:, :, known])
    assert not torch.equal(completed, levels)
    assert torch.equal(density.complete(levels, torch.ones_like(known), dice()), levels)


@every_density
def test_temperature_draws_what_is_likelier(name):
    density = fitted(name, CANVASES[1])
    nats = [density.log_likelihood(density.sample(300, dice(), temperature=t), dice=dice()).mean() for t in (0.3, 1.0)]
    assert nats[0] > nats[1]


@every_density
@on_each
def test_state_and_copies_say_the_same(name, canvas):
    density, levels = fitted(name, canvas), blobs(canvas, 5, seed=3)
    twin = catalogue.find(densities, name).build(canvas)
    twin.load_state_dict(density.state_dict())
    expected = density.log_likelihood(levels, dice=dice())
    for other in (twin, copy.deepcopy(density)):
        assert torch.equal(other.log_likelihood(levels, dice=dice()), expected)
        assert torch.equal(other.sample(3, dice()), density.sample(3, dice()))
    refitted = density.fit([255 - levels if canvas.levels == 256 else 1 - levels.clamp(0, 1)])
    assert not torch.equal(refitted.log_likelihood(levels, dice=dice()), expected)


@every_density
def test_stays_finite_where_every_picture_is_the_same(name):
    canvas = Canvas(1, 2, 2, 256)
    density = fitted(name, canvas, torch.full((20, 1, 2, 2), 7, dtype=torch.uint8))
    same, other = (torch.full((1, 1, 2, 2), level, dtype=torch.uint8) for level in (7, 250))
    near, far = (density.log_likelihood(levels, dice=dice()).item() for levels in (same, other))
    assert math.isfinite(far)
    assert far < near <= 0


@every_density
def test_says_in_one_sentence_what_cannot_be(name):
    canvas, build = CANVASES[0], catalogue.find(densities, name).build
    levels, density = blobs(canvas, 4), fitted(name, canvas)
    with pytest.raises(ValueError, match="without classes; got n_classes=10"):
        build(canvas, 10)
    with pytest.raises(ValueError, match="at least 2 pictures; got 1"):
        build(canvas).fit([levels[:1]])
    with pytest.raises(ValueError, match="at least 2 pictures; got 0"):
        build(canvas).fit([])
    with pytest.raises(ValueError, match="has not been fitted yet"):
        build(canvas).log_likelihood(levels, dice=dice())
    with pytest.raises(ValueError, match=r"came as \(4, 1, 3, 3\)"):
        density.log_likelihood(levels[..., :3], dice=dice())
    with pytest.raises(ValueError, match="got 0"):
        density.sample(0, dice())
    with pytest.raises(ValueError, match="temperature must be above 0"):
        density.sample(1, dice(), temperature=0)
    with pytest.raises(ValueError, match=r"known is \(2, 2\)"):
        density.complete(levels, torch.ones(2, 2, dtype=torch.bool), dice())
    with pytest.raises(ValueError, match="trained without classes"):
        density.sample(1, dice(), labels=torch.zeros(1, dtype=torch.long))


# ---- each against a second opinion


def test_independent_pixels_are_their_histograms():
    canvas, levels = CANVASES[1], blobs(CANVASES[1])
    density = independent_pixels.build(canvas, lean=1e-9).fit([levels])
    rows = levels.flatten(1).numpy()
    by_loop = np.zeros(len(rows))
    for value in range(rows.shape[1]):
        counts = np.bincount(rows[:, value], minlength=canvas.levels)
        by_loop += np.log(counts[rows[:, value]] / len(rows))
    np.testing.assert_allclose(density.log_likelihood(levels, dice=dice()).numpy(), by_loop, rtol=1e-4)


def test_the_lean_that_is_found_tells_new_pictures_better_than_none_and_than_much():
    canvas = Canvas(1, 4, 4, 64)
    levels, new = blobs(canvas, 60), blobs(canvas, 300, seed=11)

    def told(lean):
        return independent_pixels.build(canvas, lean=lean).fit([levels]).log_likelihood(new, dice=dice()).mean()

    assert told(0.0) >= max(told(0.01), told(3000.0))


def bernoulli_nats(rows, density):
    p = density.means.double().numpy()[None]
    each = np.log(np.where(rows[:, None] == 1, p, 1 - p)).sum(2) + density.weights.double().numpy()
    return np.logaddexp.reduce(each, axis=1)


def test_a_mixture_of_two_levels_is_a_mixture_of_bernoullis():
    canvas, levels = CANVASES[0], blobs(CANVASES[0])
    density = mixture_of_gaussians.build(canvas, components=4).fit([levels])
    expected = bernoulli_nats(levels.flatten(1).numpy(), density)
    np.testing.assert_allclose(density.log_likelihood(levels, dice=dice()).numpy(), expected, rtol=1e-4)


def test_a_mixtures_likelihood_is_the_mass_between_the_edges_of_each_level():
    from scipy.special import ndtr

    canvas, levels = Canvas(1, 2, 2, 16), blobs(Canvas(1, 2, 2, 16), 50)
    density = mixture_of_gaussians.build(canvas, components=3).fit([levels])
    rows, total = levels.flatten(1).numpy(), np.full((50, 3), 0.0)
    for k in range(3):
        mean, variance = density.means[k].double().numpy(), density.variances[k].double().numpy()
        spread = np.sqrt(np.maximum(variance - 1 / 12, 1 / 48))
        below = np.where(rows == 0, 0, ndtr((rows - 0.5 - mean) / spread))
        above = np.where(rows == 15, 1, ndtr((rows + 0.5 - mean) / spread))
        total[:, k] = np.log(0.999 * (above - below) + 0.001 / 16).sum(1) + float(density.weights[k])
    expected = np.logaddexp.reduce(total, axis=1)
    np.testing.assert_allclose(density.log_likelihood(levels, dice=dice()).numpy(), expected, rtol=1e-3)


def test_expectation_maximisation_never_makes_the_pictures_less_likely_and_finds_what_sklearn_finds():
    from sklearn.mixture import GaussianMixture

    canvas, levels = Canvas(1, 3, 4, 256), blobs(Canvas(1, 3, 4, 256), 600)
    density = mixture_of_gaussians.build(canvas, components=2).fit([levels])
    assert all(after > before - 1e-2 for before, after in itertools.pairwise(density.course))
    rows = levels.flatten(1).double().numpy()
    theirs = GaussianMixture(2, covariance_type="diag", random_state=0, n_init=2).fit(rows)
    order, own = np.argsort(theirs.means_[:, 0]), density.means[:, 0].argsort()
    np.testing.assert_allclose(density.means[own].numpy(), theirs.means_[order], atol=3)
    np.testing.assert_allclose(density.weights[own].exp().numpy(), theirs.weights_[order], atol=0.02)
    assert density.course[-1] == pytest.approx(theirs.score(rows), abs=0.5)


def test_a_completed_half_is_of_the_kind_of_the_half_that_is_known():
    """A mixture knows from the dark upper row that the rest is dark too."""
    canvas = Canvas(1, 3, 4, 256)
    density = fitted("mixture_of_gaussians", canvas, components=2)
    dark, light = (torch.full((40, 1, 3, 4), level, dtype=torch.uint8) for level in (50, 200))
    known = torch.tensor([[True], [False], [False]]).expand(3, 4)
    found = [density.complete(levels, known, dice()).float()[:, :, 1:].mean() for levels in (dark, light)]
    assert found[0] < 100 < 150 < found[1]


def test_pca_gaussian_is_sklearns_probabilistic_pca_and_its_bound_the_mean_over_a_cell():
    from sklearn.decomposition import PCA

    canvas, levels = Canvas(1, 3, 4, 256), blobs(Canvas(1, 3, 4, 256), 500)
    density = pca_gaussian.build(canvas, components=3).fit([levels])
    rows = levels.flatten(1).double().numpy()
    spread = rows + np.random.default_rng(0).random((40, *rows.shape))  # 40 draws from each cell
    theirs = PCA(3).fit(spread.reshape(-1, rows.shape[1]))
    expected = np.mean([theirs.score_samples(draw) for draw in spread], 0)
    found = density.log_likelihood(levels, dice=dice()).numpy()
    np.testing.assert_allclose(found, expected, rtol=0.02)
    assert found.mean() == pytest.approx(expected.mean(), abs=0.1)
    assert not density.exact


def test_pca_gaussian_is_a_bound_of_the_mass_of_each_cell():
    """With one value the mass of a cell is a difference of the normal's distribution."""
    from scipy.special import ndtr

    canvas = Canvas(1, 1, 2, 16)
    levels = blobs(canvas, 400)
    density = pca_gaussian.build(canvas, components=1).fit([levels])
    covariance = (density.weights @ density.weights.T + density.residual * torch.eye(2)).double().numpy()
    pairs = every_picture(canvas)
    found = density.log_likelihood(pairs, dice=dice()).double().exp().view(16, 16).sum(1).numpy()  # of the first value
    spread = covariance[0, 0] ** 0.5
    mass = np.diff(ndtr((np.arange(17) - float(density.mean[0])) / spread))
    assert (found <= mass + 1e-6).all()


def test_pca_gaussian_completes_by_the_conditional_normal():
    canvas = Canvas(1, 1, 3, 256)
    levels = blobs(canvas, 800)
    density = pca_gaussian.build(canvas, components=2).fit([levels])
    C = (density.weights @ density.weights.T + density.residual * torch.eye(3)).double()
    known = torch.tensor([[True, True, False]])
    one = torch.tensor([100, 120, 0], dtype=torch.uint8).view(1, 1, 1, 3)
    off = torch.tensor([100.5, 120.5]) - density.mean[:2]
    expected = density.mean[2] + C[2, :2].float() @ torch.linalg.solve(C[:2, :2].float(), off)
    spread = (C[2, 2] - C[2, :2] @ torch.linalg.solve(C[:2, :2], C[:2, 2])).sqrt()
    drawn = density.complete(one.expand(4000, -1, -1, -1), known, dice())[:, 0, 0, 2].float() + 0.5
    assert drawn.mean().item() == pytest.approx(expected.item(), abs=5 * spread.item() / 4000**0.5 + 0.05)
    assert drawn.std().item() == pytest.approx(spread.item(), rel=0.06)


def test_pca_gaussian_has_a_space_of_points():
    canvas = CANVASES[2]
    density, levels = fitted("pca_gaussian", canvas), blobs(CANVASES[2], 20, seed=5)
    assert isinstance(density, Latent)
    assert density.latents == 3
    z = density.encode(levels)
    assert z.shape == (20, 3)
    seen = density.decode(z)
    assert seen.shape == (20, *canvas.image)
    mean = levels.float().mean(0) / 255
    assert (seen - levels / 255).square().mean() < (mean - levels / 255).square().mean()
    assert density.draw(7, dice()).shape == (7, 3)
    with pytest.raises(ValueError, match="3 numbers each"):
        density.decode(torch.zeros(2, 4))


def test_pca_gaussian_chooses_as_many_components_as_there_are_directions_that_matter():
    canvas = Canvas(1, 4, 4, 256)
    z = torch.randn(1500, 2, generator=dice(1))
    ways = torch.randn(2, 16, generator=dice(2))
    ways = 40 * ways / ways.norm(dim=1, keepdim=True)
    levels = (128 + z @ ways + torch.randn(1500, 16, generator=dice(3))).clamp(0, 255).to(torch.uint8)
    density = pca_gaussian.build(canvas).fit([levels.view(-1, 1, 4, 4)])
    assert 2 <= density.latents <= 4
    with pytest.raises(ValueError, match="components must be between 0 and 15"):
        pca_gaussian.build(canvas, components=16)


def test_a_mixture_and_a_lean_have_limits():
    with pytest.raises(ValueError, match="components and passes must be at least 1"):
        mixture_of_gaussians.build(CANVASES[0], components=0)
    with pytest.raises(ValueError, match="lean must be at least 0"):
        independent_pixels.build(CANVASES[0], lean=-1)


def test_more_of_the_picture_is_told_by_more_of_a_model():
    """On the digits of scikit-learn: a mixture knows more than independent pixels, as it must."""
    from sklearn.datasets import load_digits

    rows = torch.from_numpy(load_digits().data)
    levels = (rows > 8).to(torch.uint8).view(-1, 1, 8, 8)
    canvas = Canvas(1, 8, 8, 2)
    nats = [
        -model.build(canvas).fit(levels[:1400].split(500)).log_likelihood(levels[1400:], dice=dice()).mean().item()
        for model in (independent_pixels, mixture_of_gaussians)
    ]
    assert nats[1] < nats[0] - 2
    assert nats[0] < 64 * math.log(2)
