"""Losses of label maps: pixels that do not count, weights of classes, overlap."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from visus.losses.dice import blind_dice, dice_loss
from visus.losses.segmentation import BALANCES, pixel_cross_entropy

IGNORE = 255


def drawn(seed=0, n=2, k=4, h=5, w=7, ignored=0.3):
    dice = torch.Generator().manual_seed(seed)
    labels = torch.randint(k, (n, h, w), generator=dice)
    labels[torch.rand(n, h, w, generator=dice) < ignored] = IGNORE
    return torch.randn(n, k, h, w, generator=dice), labels


@given(st.integers(0, 200))
def test_cross_entropy_is_torchs_over_the_pixels_that_count(seed):
    scores, labels = drawn(seed)
    weights = torch.tensor([0.5, 1, 2, 4])
    torch.testing.assert_close(pixel_cross_entropy(scores, labels), F.cross_entropy(scores, labels, ignore_index=255))
    torch.testing.assert_close(
        pixel_cross_entropy(scores, labels, weights), F.cross_entropy(scores, labels, weights, ignore_index=255)
    )


@pytest.mark.parametrize("weights", [None, torch.tensor([0.1, 1.0, 7.0, 0.0])])
def test_a_blind_guess_scores_the_logarithm_of_the_classes_whatever_they_weigh(weights):
    _, labels = drawn()
    assert pixel_cross_entropy(torch.zeros(2, 4, 5, 7), labels, weights) == pytest.approx(math.log(4))


@pytest.mark.parametrize("loss", [pixel_cross_entropy, dice_loss])
def test_a_pixel_that_does_not_count_has_no_slope(loss):
    scores, labels = drawn()
    scores.requires_grad_()
    loss(scores, labels).backward()
    slopes = scores.grad.abs().sum(1)
    assert not slopes[labels == IGNORE].any()
    assert slopes[labels != IGNORE].all()


@pytest.mark.parametrize("loss", [pixel_cross_entropy, dice_loss])
def test_where_nothing_counts_the_loss_is_0_with_a_gradient(loss):
    scores, labels = drawn()
    scores.requires_grad_()
    found = loss(scores, torch.full_like(labels, IGNORE))
    found.backward()
    assert float(found.detach()) == 0
    assert not scores.grad.any()


@pytest.mark.parametrize("loss", [pixel_cross_entropy, dice_loss])
def test_half_precision_is_summed_in_float32_and_shapes_are_checked(loss):
    scores, labels = drawn()
    assert loss(scores.bfloat16(), labels).dtype == torch.float32
    assert loss(scores.double(), labels).dtype == torch.float64
    with pytest.raises(ValueError, match=r"must be \(B, K, H, W\)"):
        loss(scores, labels[:, 1:])


@pytest.mark.parametrize("loss", [pixel_cross_entropy, dice_loss])
def test_the_slope_is_that_of_the_value(loss):
    scores, labels = drawn(n=1, k=3, h=2, w=3)
    assert torch.autograd.gradcheck(lambda x: loss(x, labels.clamp(max=255)), scores.double().requires_grad_())


def test_smoothing_costs_a_network_that_is_sure():
    _, labels = drawn(ignored=0)
    sure = 50 * F.one_hot(labels, 4).movedim(3, 1).float()
    assert pixel_cross_entropy(sure, labels) < 1e-6
    assert pixel_cross_entropy(sure, labels, smoothing=0.1) > 1


def test_dice_by_hand():
    """Two pixels of class 0, one of class 1; chances of class 0 are 1, 0.5 and 0, no smoothing."""
    labels = torch.tensor([[[0, 0, 1]]])
    chance = torch.tensor([1 - 1e-9, 0.5, 1e-9], dtype=torch.float64)
    scores = torch.stack([chance.log(), (1 - chance).log()])[None, :, None]
    of_0, of_1 = 1 - 2 * 1.5 / (1.5 + 2), 1 - 2 * 1 / (1.5 + 1)
    assert dice_loss(scores, labels, smooth=0) == pytest.approx((of_0 + of_1) / 2, abs=1e-6)


def test_dice_is_0_for_the_truth_and_counts_only_classes_that_are_there():
    _, labels = drawn(ignored=0.2)
    labels[labels == 3] = 0
    perfect = 60 * F.one_hot(labels.clamp(max=4) % 5, 5)[..., :4].movedim(3, 1).float()
    assert dice_loss(perfect, labels) == pytest.approx(0, abs=1e-5)


def test_a_blind_guess_scores_what_is_said_of_it():
    labels = torch.tensor([0] * 60 + [1] * 30 + [2] * 10).view(1, 10, 10).repeat(4, 10, 10)
    shares = torch.tensor([0.6, 0.3, 0.1, 0.0])
    assert blind_dice(shares) == pytest.approx(float(dice_loss(torch.zeros(4, 4, 100, 100), labels)), abs=1e-4)


def test_balances_by_hand():
    """Class 0 is 90 of 100 pixels of both pictures, class 1 is 20 of the one that shows it; class 2 is nowhere."""
    pixels, present = torch.tensor([180.0, 20, 0]), torch.tensor([200.0, 100, 0])
    assert BALANCES["none"](pixels, present).tolist() == [1, 1, 1]
    assert BALANCES["median_frequency"](pixels, present).tolist() == pytest.approx([0.2 / 0.9, 1, 0])
    assert BALANCES["root"](pixels, present).tolist() == pytest.approx([(0.2 / 0.9) ** 0.5, 1, 0])
    assert BALANCES["inverse"](pixels, present).tolist() == pytest.approx([200 / (180 * 2), 200 / (20 * 2), 0])
    assert (BALANCES["inverse"](pixels, present) * pixels / 200).sum() == pytest.approx(1)
    assert BALANCES["median_frequency"](0 * pixels, 0 * present).tolist() == [1, 1, 1]
