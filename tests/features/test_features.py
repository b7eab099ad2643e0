"""Each feature against a second opinion, a number by hand, or nature."""

import math

import numpy as np
import pytest
import skimage.color
import skimage.feature
import skimage.transform
import torch
from scipy.ndimage import uniform_filter
from sklearn.decomposition import PCA

from tests.features.test_every_feature import pictures
from visus.features import hog, hue, pca, pixels, polar, whitened, words
from visus.features._feature import luma

IMAGE = (3, 32, 32)


def as_arrays(images):
    return images.permute(0, 2, 3, 1).numpy()


# Histograms of oriented gradients


@pytest.mark.parametrize("image", [(3, 32, 32), (3, 21, 34)])
def test_hog_with_whole_votes_equals_scikit_image(image):
    some = pictures(image, 4)
    found = hog.build(image, cell=5, votes="whole").describe(some)
    # Blocks of one cell, and the length of each taken out of ours as well: skimage always takes it out.
    rows = found.reshape(4, -1, 9)
    rows = (rows / (rows.square().sum(2, keepdim=True) + 1e-10).sqrt()).flatten(1)
    for picture, row in zip(luma(some / 255), rows, strict=True):
        expected = skimage.feature.hog(picture.numpy(), 9, (5, 5), (1, 1), block_norm="L2")
        torch.testing.assert_close(row.double(), torch.from_numpy(expected).double(), atol=2e-4, rtol=0)


def test_hog_in_blocks_equals_scikit_image():
    some = pictures(n=4)
    found = hog.build(IMAGE, cell=8, block=2, votes="whole").describe(some).reshape(4, 9, 9, 4).transpose(2, 3)
    for picture, row in zip(luma(some / 255), found, strict=True):
        expected = skimage.feature.hog(picture.numpy(), 9, (8, 8), (2, 2), block_norm="L2-Hys")
        torch.testing.assert_close(row.flatten(), torch.from_numpy(expected).float(), atol=1e-3, rtol=0)


def ramp(degrees):
    """A picture that grows lighter in one direction: right is 0, down is 90 degrees."""
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    angle = math.radians(degrees)
    grey = 128 + 2.5 * ((x - 16) * math.cos(angle) + (y - 16) * math.sin(angle))
    return grey.round().to(torch.uint8).expand(1, 3, 32, 32)


@pytest.mark.parametrize(("degrees", "strongest"), [(10, 0), (50, 2), (90, 4), (170, 8), (190, 0), (270, 4), (-10, 8)])
def test_hog_votes_for_the_way_brightness_grows_and_a_half_turn_is_the_same(degrees, strongest):
    cells = hog.build(IMAGE).describe(ramp(degrees)).reshape(16, 9)
    assert cells[5].argmax() == strongest


def test_hog_shares_a_vote_between_the_two_nearest_orientations():
    """At 20 degrees, the border of two bins, each gets a half; at 0 the first shares with the last."""
    strength, angle = torch.ones(1, 8, 8), torch.full((1, 8, 8), 20.0)
    shares = hog.cells(strength, angle, 9, 8)[0, :, 0, 0]
    torch.testing.assert_close(shares, torch.tensor([0.5, 0.5, 0, 0, 0, 0, 0, 0, 0]))
    shares = hog.cells(strength, torch.zeros(1, 8, 8), 9, 8)[0, :, 0, 0]
    torch.testing.assert_close(shares, torch.tensor([0.5, 0, 0, 0, 0, 0, 0, 0, 0.5]))
    shares = hog.cells(strength, torch.full((1, 8, 8), -1e-9), 9, 8)  # -1e-9 modulo 180 rounds to 180
    assert shares.sum() == pytest.approx(1)


def course_hog(picture):
    """The course's three mistakes, in NumPy: RGB (H, W, 3) in [0, 1] -> (144,)."""
    grey = picture @ np.array([0.299, 0.587, 0.144])
    right, down = np.zeros_like(grey), np.zeros_like(grey)
    right[:, :-1], down[:-1] = np.diff(grey, axis=1), np.diff(grey, axis=0)
    angle = np.degrees(np.arctan2(down, right + 1e-15)) + 90
    strength = np.hypot(right, down)
    found = np.zeros((4, 4, 9))
    for bin_ in range(9):
        inside = (angle >= 20 * bin_) & (angle < 20 * (bin_ + 1)) & (angle > 0)
        found[:, :, bin_] = uniform_filter(strength * inside, 8)[4::8, 4::8].T
    return found.ravel()


def test_hog_reproduces_the_mistakes_of_the_course_when_asked():
    some = pictures(n=5)
    found = hog.build(IMAGE, course_quirks=True).double().describe(some)
    expected = np.stack([course_hog(picture / 255) for picture in as_arrays(some)])
    torch.testing.assert_close(found, torch.from_numpy(expected), atol=1e-9, rtol=0)


def test_the_mistakes_lose_half_of_all_gradients():
    assert hog.build(IMAGE, course_quirks=True).describe(ramp(180)).max() < 1e-6
    assert hog.build(IMAGE).describe(ramp(180)).max() > 5e-3


# Hue


def test_hue_equals_scikit_image():
    some = pictures(n=8)
    found, chroma = hue.hue(some / 255)
    hsv = skimage.color.rgb2hsv(as_arrays(some))
    torch.testing.assert_close(found.double(), torch.from_numpy(hsv[..., 0]), atol=1e-5, rtol=0)
    torch.testing.assert_close(chroma.double(), torch.from_numpy(hsv[..., 1] * hsv[..., 2]), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("colour", "where"), [((255, 0, 0), 0), ((255, 255, 0), 1 / 6), ((0, 255, 0), 1 / 3), ((0, 0, 255), 2 / 3)]
)
def test_hue_turns_from_red_by_green_to_blue(colour, where):
    picture = torch.tensor(colour, dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    assert hue.hue(picture / 255)[0][0, 0, 0] == pytest.approx(where)
    assert hue.build((3, 4, 4)).describe(picture)[0].argmax() == int(where * 10)


def test_shares_of_hue_add_up_to_one_and_do_not_mind_where_a_colour_is():
    feature, some = hue.build(IMAGE), pictures(n=6)
    found = feature.describe(some)
    torch.testing.assert_close(found.sum(1), torch.ones(6))
    torch.testing.assert_close(feature.describe(some.roll((5, 9), (2, 3)).flip(3)), found)


def test_weighed_by_chroma_grey_pixels_have_no_vote():
    picture = torch.full((1, 3, 4, 4), 100, dtype=torch.uint8)
    picture[0, :, 0, 0] = torch.tensor([0, 0, 200])
    assert hue.build((3, 4, 4)).describe(picture)[0, 0] == 15 / 16  # grey counts as red
    assert hue.build((3, 4, 4), weighting="chroma").describe(picture)[0, 6] == 1


# Principal components


@pytest.mark.parametrize("shape", [(60, 12), (9, 30)])
def test_principal_components_equal_those_of_scikit_learn(shape):
    rows = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    k = 6
    found, theirs = pca.principal(rows, k), PCA(k, svd_solver="full").fit(rows.numpy())
    n = len(rows)
    theirs_by_n = theirs.explained_variance_ * (n - 1) / n  # they divide by N - 1
    np.testing.assert_allclose(found.variances.numpy(), theirs_by_n, rtol=1e-9)
    np.testing.assert_allclose(found.axes.T.abs().numpy(), np.abs(theirs.components_), atol=1e-9)
    rebuilt = pca.reconstruct(pca.project(rows, found), found)
    np.testing.assert_allclose(rebuilt.numpy(), theirs.inverse_transform(theirs.transform(rows.numpy())), atol=1e-9)


def test_all_components_together_lose_nothing_and_are_uncorrelated():
    rows = torch.randn(200, 10, dtype=torch.float64) @ torch.randn(10, 10, dtype=torch.float64)
    found = pca.principal(rows)
    coordinates = pca.project(rows, found)
    torch.testing.assert_close(pca.reconstruct(coordinates, found), rows)
    torch.testing.assert_close(coordinates.T @ coordinates / 200, found.variances.diag(), atol=1e-10, rtol=0)
    torch.testing.assert_close(found.axes.T @ found.axes, torch.eye(10, dtype=torch.float64))


def test_whitening_brings_every_variance_to_one_and_a_large_eps_keeps_small_ones_small():
    rows = torch.randn(500, 4, dtype=torch.float64) * torch.tensor([10.0, 1.0, 0.1, 0.0])
    found = pca.principal(rows)
    coordinates = pca.project(rows, found)
    white = pca.whiten(coordinates, found, 1e-12).var(0, correction=0)
    torch.testing.assert_close(white, torch.tensor([1, 1, 1, 0], dtype=torch.float64), atol=1e-4, rtol=0)
    quiet = pca.whiten(coordinates, found, 1.0).var(0, correction=0)
    assert quiet[0] > 0.98
    assert quiet[2] < 0.02


def test_fewer_pictures_than_components_leave_the_others_at_zero():
    feature = pca.build((3, 8, 8), components=50)
    feature.fit(pictures((3, 8, 8), 10))
    found = feature(pictures((3, 8, 8), 20))
    assert (feature.variances[10:] == 0).all()
    assert (found[:, 10:] == 0).all()


def test_whitened_pictures_have_variance_one_over_the_pictures_they_were_fitted_to():
    feature, some = whitened.build((3, 8, 8), components=10), pictures((3, 8, 8), 300)
    feature.fit(some)
    torch.testing.assert_close(feature(some).var(0, correction=0), torch.ones(10), atol=1e-2, rtol=0)


# Polar coordinates


def test_a_ring_becomes_a_straight_line():
    angle = torch.linspace(-3, 3, 50)
    ring = 2 * torch.stack([angle.cos(), angle.sin()], 1)
    distance, found = polar.polar(ring).unbind(1)
    torch.testing.assert_close(distance, torch.full((50,), 2.0))
    torch.testing.assert_close(found, angle)


def test_a_picture_on_rings_equals_scikit_image():
    some = pictures((3, 33, 33), 3)
    rings, rays = 6, 12
    found = polar.build((3, 33, 33), rings, rays).describe(some).reshape(3, 3, rings, rays)
    for picture, ours in zip(as_arrays(some), found, strict=True):
        for ring in range(rings):
            radius = (ring + 0.5) / rings * 16.5
            angles = 2 * np.pi * np.arange(rays) / rays
            places = [16 + radius * np.sin(angles), 16 + radius * np.cos(angles)]
            for colour in range(3):
                expected = skimage.transform.warp(picture[..., colour] / 255, np.array(places)[:, None], order=1)
                np.testing.assert_allclose(ours[colour, ring].numpy(), expected[0], atol=1e-4)


def test_a_quarter_turn_of_the_picture_is_a_shift_along_the_rays():
    some = pictures((3, 20, 20), 3)
    feature = polar.build((3, 20, 20), rings=5, rays=16)
    straight = feature.describe(some).reshape(3, 3, 5, 16)
    turned = feature.describe(some.rot90(-1, (2, 3))).reshape(3, 3, 5, 16)
    torch.testing.assert_close(turned, straight.roll(4, 3), atol=1e-4, rtol=0)


# Visual words


def patches(some, side, stride):
    """Every patch of pictures (B, 3, H, W), cut out and brought to mean 0 and variance 1: (B, patches, D)."""
    rows = torch.nn.functional.unfold(some / 255, side, stride=stride).transpose(1, 2)
    rows = rows - rows.mean(2, keepdim=True)
    return rows / (rows.square().mean(2, keepdim=True) + words.CONTRAST).sqrt()


def test_every_patch_counts_for_the_word_it_lies_nearest_to(monkeypatch):
    """Filters and a bias stand for: bring a patch to one contrast, whiten it, measure its distance to every word."""
    feature, some, means = words.build((3, 12, 12), n_words=8, patch=4, stride=2, grid=1), pictures((3, 12, 12), 60), {}

    def spy(white, k):
        means["white"], means["words"] = white, of_white(white, k)
        return means["words"]

    of_white = words._means
    monkeypatch.setattr(words, "_means", spy)
    rows = patches(some, 4, 2).flatten(0, 1)
    feature._learn(rows)
    torch.testing.assert_close(means["white"].var(0, correction=0)[:5], torch.ones(5), atol=0.2, rtol=0)
    nearest = torch.cdist(means["white"], means["words"]).argmin(1)
    assert (nearest == (rows @ feature.filters.flatten(1).T + feature.bias).argmax(1)).float().mean() > 0.999
    counted = torch.nn.functional.one_hot(nearest.view(60, -1), 8).float().mean(1)
    torch.testing.assert_close(feature(some), counted, atol=0.05, rtol=0)  # one patch of 25 may sit between two words


def test_words_are_centres_of_the_patches_that_count_for_them():
    """k-means: a word's picture is the mean of its patches, once contrast is one and the words have settled."""
    feature, some = words.build((3, 12, 12), n_words=5, patch=4, stride=1, grid=1), pictures((3, 12, 12), 250)
    feature.fit(some)
    rows = patches(some, 4, 1).flatten(0, 1)
    nearest = (rows @ feature.filters.flatten(1).T + feature.bias).argmax(1)
    for word in range(5):
        ours = feature.words[word].flatten()
        theirs = rows[nearest == word].mean(0)
        assert torch.nn.functional.cosine_similarity(ours, theirs, dim=0) > 0.9


def test_words_are_counted_in_each_part_of_the_picture():
    left, right = pictures((3, 16, 16), 2)
    both = torch.cat([left[:, :, :8], right[:, :, 8:]], 2)[None]
    feature = words.build((3, 16, 16), n_words=6, patch=4, stride=4, grid=2)
    feature.fit(pictures((3, 16, 16), 50))
    found, alone = feature(both).view(2, 2, 6), feature(left[None]).view(2, 2, 6)
    assert torch.equal(found[:, 0], alone[:, 0])
    assert not torch.equal(found[:, 1], alone[:, 1])


# Bad input


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (
            lambda: hog.build((3, 6, 6)),
            r"hog looks at a cell of 8 x 8 pixels at a time, and .* 6 x 6; .*hog:cell=6",
        ),
        (lambda: hog.build(IMAGE, cell=0), "above 0"),
        (lambda: hog.build(IMAGE, cell=16, block=3), "blocks of 3 x 3 cells, but there are 2 x 2"),
        (lambda: hue.build(IMAGE, bins=0), "at least 1 bin; got 0"),
        (lambda: pca.build(IMAGE, components=0), "at least 1 component; got 0"),
        (lambda: whitened.build(IMAGE, eps=0.0), "eps must be above 0; got 0"),
        (lambda: polar.build(IMAGE, rings=0), "at least 1 ring"),
        (lambda: words.build((3, 4, 9)), r"words looks at a patch of 6 x 6 .*words:patch=4"),
        (lambda: words.build(IMAGE, n_words=0), "at least 1; got 0"),
        (lambda: words.build((3, 8, 8), grid=4), "only 2 x 2 patches"),
    ],
)
def test_a_mistake_gets_one_sentence(build, sentence):
    with pytest.raises(ValueError, match=sentence):
        build()


def test_more_words_than_patches_are_refused():
    with pytest.raises(ValueError, match="give a smaller n_words"):
        words._means(torch.randn(3, 4), 5)


def test_pixels_are_the_pixels():
    some = pictures(n=2)
    assert torch.equal(pixels.build(IMAGE).describe(some), (some / 255).flatten(1))
