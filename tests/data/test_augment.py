"""Augmentation and shuffling are functions of (seed, epoch, example), and change what they say they change."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from visus.data.augment import Augment, colour_axes
from visus.data.preprocess import Standardise, statistics
from visus.data.randomness import permutation, uniform

ALL = Augment(flip=True, crop=3, scale=0.2, colour=0.3, cutout=5)
KINDS = {
    "flip": Augment(flip=True),
    "crop": Augment(crop=4),
    "scale": Augment(scale=0.3),
    "colour": Augment(colour=0.4),
    "cutout": Augment(cutout=6),
    "flip_vertical": Augment(flip_vertical=True),
    "alternate": Augment(flip=True, alternate=True),
    "lighting": Augment(lighting=0.5, colour_axes=30 * torch.eye(3)),
    "scatter": Augment(scatter=True),
    "all": ALL,
}
every_kind = pytest.mark.parametrize("augment", KINDS.values(), ids=KINDS)


def pictures(n, side=16):
    return torch.randint(0, 256, (n, 3, side, side), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@given(
    seed=st.integers(0, 2**63), epoch=st.integers(0, 1000), rows=st.lists(st.integers(0, 10**6), min_size=1, max_size=9)
)
def test_draws_depend_on_the_example_not_on_its_batch(seed, epoch, rows):
    together = uniform(seed, epoch, np.array(rows), 4)
    alone = np.concatenate([uniform(seed, epoch, np.array([row]), 4) for row in rows])
    assert (together == alone).all()
    assert ((together >= 0) & (together < 1)).all()


def test_draws_look_random():
    draws = uniform(0, 0, np.arange(100_000), 2)
    assert abs(draws.mean() - 0.5) < 0.005
    assert abs(draws.var() - 1 / 12) < 0.001
    neighbours = [draws[:-1, 0] @ draws[1:, 0], draws[:, 0] @ draws[:, 1]]
    assert neighbours == pytest.approx([25_000, 25_000], rel=0.02)
    assert not np.isclose(uniform(0, 1, np.arange(9), 1), uniform(0, 0, np.arange(9), 1)).any()
    assert not np.isclose(uniform(1, 0, np.arange(9), 1), uniform(0, 0, np.arange(9), 1)).any()


def test_an_epochs_order_is_a_permutation_of_its_own():
    orders = [permutation(seed, epoch, 1000) for seed in (0, 1) for epoch in (0, 1)]
    assert all(sorted(order) == list(range(1000)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4
    assert (orders[0] == permutation(0, 0, 1000)).all()


@every_kind
def test_an_example_is_changed_alike_alone_and_in_company(augment):
    images, rows = pictures(8), np.arange(40, 48)
    images[:, :, :4] = 0  # room to move what is not black
    together = augment(images, 7, 3, rows)
    assert together.shape == images.shape
    assert together.dtype == torch.uint8
    assert torch.equal(together[5:6], augment(images[5:6], 7, 3, rows[5:6]))
    assert torch.equal(together, augment(images.clone(), 7, 3, rows))
    assert not torch.equal(together, augment(images, 7, 4, rows))


@every_kind
def test_the_originals_are_left_alone(augment):
    images = pictures(8)
    kept = images.clone()
    augment(images, 0, 0, np.arange(8))
    assert torch.equal(images, kept)


def test_nothing_asked_nothing_changed():
    assert torch.equal(Augment()(pictures(4), 0, 0, np.arange(4)), pictures(4))


def test_about_half_are_mirrored_and_the_others_untouched():
    images = pictures(200)
    changed = KINDS["flip"](images, 0, 0, np.arange(200))
    mirrored = [torch.equal(a, b.flip(2)) for a, b in zip(changed, images, strict=True)]
    assert 70 < sum(mirrored) < 130
    assert all(m or torch.equal(a, b) for m, a, b in zip(mirrored, changed, images, strict=True))


def test_what_is_mirrored_in_one_epoch_is_not_in_the_next():
    rows, images = np.arange(64), torch.randint(256, (64, 3, 4, 4), dtype=torch.uint8)
    first, second = (Augment(flip=True, alternate=True)(images, 0, epoch, rows) for epoch in (0, 1))
    assert torch.equal(first, second.flip(3))
    assert not torch.equal(first, images)
    assert not torch.equal(second, images)


def test_a_crop_is_a_window_of_the_reflected_picture():
    images = pictures(50)
    padded = torch.nn.functional.pad(images.float(), (4, 4, 4, 4), mode="reflect").to(torch.uint8)
    windows = [[padded[:, :, y : y + 16, x : x + 16] for x in range(9)] for y in range(9)]
    places = set()
    for i, changed in enumerate(KINDS["crop"](images, 0, 0, np.arange(50))):
        found = [(y, x) for y in range(9) for x in range(9) if torch.equal(windows[y][x][i], changed)]
        assert len(found) == 1
        places.add(found[0])
    assert len(places) > 25


def test_cutout_greys_one_square():
    images = torch.zeros(30, 3, 16, 16, dtype=torch.uint8)
    changed = KINDS["cutout"](images, 0, 0, np.arange(30))
    areas = (changed == 128).sum((1, 2, 3)) // 3
    assert areas.max() == 36
    assert areas.min() >= 9


def test_colour_keeps_grey_grey():
    grey = pictures(5)[:, :1].expand(-1, 3, -1, -1).contiguous()
    changed = KINDS["colour"](grey, 0, 0, np.arange(5)).int()
    assert (changed.amax(1) - changed.amin(1)).max() <= 1


def test_statistics_agree_with_numpy_whatever_the_batches():
    images = pictures(37)
    mean, std = statistics(images.split(10))
    values = images.numpy() / 255
    assert mean == pytest.approx(values.mean((0, 2, 3)))
    assert std == pytest.approx(values.std((0, 2, 3)))


def test_standardised_training_pictures_have_mean_0_and_deviation_1():
    images = pictures(64)
    out = Standardise(*statistics([images]))(images)
    torch.testing.assert_close(out.mean((0, 2, 3)), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(out.std((0, 2, 3)), torch.ones(3), atol=1e-3, rtol=0)


def test_a_constant_channel_is_not_divided_by_zero():
    black = torch.zeros(4, 3, 2, 2, dtype=torch.uint8)
    assert torch.isfinite(Standardise(*statistics([black]))(black)).all()


def test_no_training_pictures_is_said():
    with pytest.raises(ValueError, match="the training part is empty"):
        statistics([])


def test_the_colours_own_axes_are_those_of_their_covariance():
    grey = torch.randint(0, 256, (40, 1, 8, 8), generator=torch.Generator().manual_seed(0)).expand(-1, 3, -1, -1)
    axes = colour_axes(grey.to(torch.uint8))
    assert axes[:, :2].abs().max() < 1e-3  # grey pictures vary along one axis alone: the grey one
    torch.testing.assert_close(axes[:, 2].abs(), grey.double().std().float().expand(3), rtol=1e-3, atol=0)


def test_light_shifts_all_pixels_of_a_picture_by_one_colour():
    images = torch.full((5, 3, 6, 6), 128, dtype=torch.uint8)
    found = Augment(lighting=0.5, colour_axes=30 * torch.eye(3))(images, 0, 0, np.arange(5)).float()
    assert (found.amax((2, 3)) == found.amin((2, 3))).all()
    assert len(found[:, :, 0, 0].unique(dim=0)) == 5
