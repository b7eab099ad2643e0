"""Promises every feature keeps. A new file in `visus/features` is tested without being mentioned."""

from copy import deepcopy
from functools import cache

import pytest
import torch

from visus import features
from visus.engine import catalogue
from visus.features._described import Described

every_feature = pytest.mark.parametrize("name", catalogue.names(features))
SIZES = [(3, 8, 8), (3, 32, 32), (3, 21, 34)]


def pictures(image=(3, 32, 32), n=40):
    """Smooth random pictures: a plane of colour, and noise on it."""
    dice = torch.Generator().manual_seed(0)
    coarse = torch.rand(n, 3, 3, 3, generator=dice)
    smooth = torch.nn.functional.interpolate(coarse, image[1:], mode="bilinear")
    return (255 * (0.8 * smooth + 0.2 * torch.rand(n, *image, generator=dice))).to(torch.uint8)


def freshly_fitted(name, image=(3, 32, 32)):
    feature = catalogue.find(features, name).build(image)
    feature.fit(pictures(image))
    return feature


once = cache(freshly_fitted)


def fitted(name, image=(3, 32, 32)):
    return deepcopy(once(name, image))


@every_feature
@pytest.mark.parametrize("image", SIZES, ids=str)
def test_describes_pictures_of_any_size_by_as_many_finite_numbers_as_it_said(name, image):
    found = fitted(name, image).describe(pictures(image, 5))
    assert found.shape == (5, catalogue.find(features, name).build(image).size)
    assert found.dtype == torch.float32
    assert found.isfinite().all()


@every_feature
def test_describes_each_picture_alone_and_tells_pictures_apart(name):
    feature, some = fitted(name), pictures(n=6)
    found = feature(some)
    torch.testing.assert_close(found[2:3], feature(some[2:3]), rtol=1e-4, atol=1e-5)
    assert (found[0] - found[1]).abs().max() > 1e-3


@every_feature
def test_has_nothing_to_train_and_leaves_the_pictures_alone(name):
    some = pictures(n=3)
    before = some.clone()
    feature = fitted(name)
    feature(some)
    assert not list(feature.parameters())
    assert torch.equal(some, before)


@every_feature
def test_what_was_fitted_survives_a_round_trip(name):
    feature, some = fitted(name), pictures(n=3)
    twin = catalogue.find(features, name).build((3, 32, 32))
    twin.load_state_dict(feature.state_dict())
    assert torch.equal(twin(some), feature(some))


@every_feature
def test_the_same_pictures_fit_the_same_feature_whatever_torch_drew_before(name):
    torch.manual_seed(1)
    first = freshly_fitted(name, (3, 16, 16))
    torch.manual_seed(2)
    again = freshly_fitted(name, (3, 16, 16))
    some = pictures((3, 16, 16), 3)
    assert torch.equal(first(some), again(some))


@every_feature
@pytest.mark.parametrize("level", [0, 255])
def test_plain_black_and_white_pictures_are_described_too(name, level):
    plain = torch.full((30, 3, 16, 16), level, dtype=torch.uint8)
    feature = catalogue.find(features, name).build((3, 16, 16))
    feature.fit(plain)
    assert feature(plain).isfinite().all()


@every_feature
def test_follows_a_model_to_double_precision(name):
    feature, some = fitted(name), pictures(n=3)
    found = feature.double()(some)
    assert found.dtype == torch.float64
    # Rounding may move a few pixels or patches across the border of a bin.
    torch.testing.assert_close(found, fitted(name)(some).double(), rtol=1e-3, atol=1e-2)


def test_features_stand_side_by_side_with_mean_0_and_deviation_1_over_the_training_part():
    parts = [fitted(name) for name in ("hog", "hue", "pca")]
    seen = Described(parts)
    seen.settle(seen.describe(piece) for piece in pictures().split(7))
    found = seen(pictures())
    assert found.shape == (40, sum(part.size for part in parts))
    torch.testing.assert_close(found.mean(0), torch.zeros(seen.size), atol=1e-4, rtol=0)
    histograms, components = found.split([154, parts[2].size], 1)
    spread = histograms.std(0, correction=0)
    torch.testing.assert_close(spread[spread > 0], torch.ones(int((spread > 0).sum())), atol=1e-3, rtol=0)
    # Each component with a deviation of its own would be whitening: they share one.
    assert components.square().mean() == pytest.approx(1, abs=1e-3)
    assert components.std(0)[0] > 1.5 * components.std(0)[9]


def test_a_constant_column_becomes_zero_and_a_description_passes_as_it_is():
    seen = Described([fitted("hue")])
    grey = torch.full((4, 3, 32, 32), 90, dtype=torch.uint8)
    seen.settle([seen.describe(grey)])
    assert torch.equal(seen(pictures(n=2)), torch.zeros(2, 10))
    row = torch.randn(2, 10)
    assert seen(row) is row


def test_a_histogram_is_not_blurred_by_a_coarser_number_format():
    seen = Described([fitted("hog"), fitted("words")])
    sharp = seen.describe(pictures(n=3))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(seen.describe(pictures(n=3)), sharp)
