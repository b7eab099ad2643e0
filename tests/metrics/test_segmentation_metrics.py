"""How well label maps agree, against a loop, against numbers worked by hand, and at the edges."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visus.metrics.segmentation import boundary_scores, confusion_of_maps, scores_of

IGNORE = 255


def drawn(seed, n_classes=4):
    dice = np.random.default_rng(seed)
    truth, painted = dice.integers(0, n_classes, (2, 6, 9), dtype=np.uint8)
    truth[dice.random(truth.shape) < 0.2] = IGNORE
    return truth, painted


@given(st.integers(0, 500))
def test_all_figures_equal_a_loop(seed):
    truth, painted = drawn(seed)
    found = scores_of(confusion_of_maps(truth, painted, 4))
    pairs = [(t, p) for t, p in zip(truth.ravel().tolist(), painted.ravel().tolist(), strict=True) if t != IGNORE]
    ious, recalls, weighted = [], [], 0.0
    for k in range(4):
        both = sum(t == k and p == k for t, p in pairs)
        either = sum(t == k or p == k for t, p in pairs)
        true = sum(t == k for t, p in pairs)
        assert found.iou[k] == pytest.approx(both / either) if either else math.isnan(found.iou[k])
        if true:
            ious.append(both / either)
            recalls.append(both / true)
            weighted += both / either * true / len(pairs)
    assert found.pixel_accuracy == pytest.approx(sum(t == p for t, p in pairs) / len(pairs))
    assert found.mean_iou == pytest.approx(sum(ious) / len(ious))
    assert found.mean_accuracy == pytest.approx(sum(recalls) / len(recalls))
    assert found.weighted_iou == pytest.approx(weighted)


def test_a_class_that_is_nowhere_is_left_out_and_one_painted_wrongly_costs_the_others():
    truth, painted = np.zeros((2, 4), dtype=np.uint8), np.array([[0, 0, 0, 2], [0, 0, 0, 0]], dtype=np.uint8)
    found = scores_of(confusion_of_maps(truth, painted, 3))
    assert found.iou.tolist()[0] == pytest.approx(7 / 8)
    assert math.isnan(found.iou[1])
    assert found.iou[2] == 0
    assert found.mean_iou == pytest.approx(7 / 8)


def test_where_nothing_counts_nothing_is_known():
    nothing = np.full((3, 3), IGNORE, dtype=np.uint8)
    found = scores_of(confusion_of_maps(nothing, np.zeros_like(nothing), 2))
    assert math.isnan(found.mean_iou)
    assert math.isnan(found.pixel_accuracy)
    assert math.isnan(boundary_scores([nothing], [nothing], 2).mean_f)


def test_maps_that_do_not_fit_are_refused():
    truth = np.zeros((2, 2), dtype=np.uint8)
    with pytest.raises(ValueError, match="bring both to one size"):
        confusion_of_maps(truth, truth[:1], 2)
    with pytest.raises(ValueError, match=r"a painted class is 7, outside 0\.\.1"):
        confusion_of_maps(truth, np.array([[0, 7], [0, 0]], dtype=np.uint8), 2)


def square(left, side=20, size=60):
    painted = np.zeros((size, size), dtype=np.uint8)
    painted[20 : 20 + side, left : left + side] = 1
    return painted


def test_true_outlines_are_perfect_and_shifted_ones_as_far_as_the_tolerance_goes():
    same = boundary_scores([square(20)], [square(20)], 2)
    assert same.mean_f == same.mean_iou == 1
    near = boundary_scores([square(20)], [square(21)], 2)  # a pixel of a diagonal of 85: within the tolerance
    assert near.mean_f == 1
    assert 0 < near.mean_iou < 1
    far = boundary_scores([square(20)], [square(26)], 2)
    assert far.f[1] < 0.8
    assert far.iou[1] < near.iou[1]


def test_boundary_f_by_hand():
    """Squares of 20 pixels 6 apart: of each outline of 76 pixels, two sides of 20 lie on the other's, but for 6."""
    found = boundary_scores([square(20)], [square(26)], 2).f[1]
    shared = 2 * (14 + 1)  # the parts of the upper and lower sides that both have, and one more pixel at the corner
    assert found == pytest.approx(shared / 76, abs=0.03)


def test_a_class_that_was_missed_scores_0_and_the_pictures_border_bounds_nothing():
    empty = np.zeros((60, 60), dtype=np.uint8)
    assert boundary_scores([square(20)], [empty], 2).f[1] == 0
    assert math.isnan(boundary_scores([empty], [empty], 2).mean_f)


def test_what_does_not_count_bounds_nothing():
    truth, painted = square(20), square(20)
    truth[:, :20] = IGNORE
    painted[:, :10] = 1
    assert boundary_scores([truth], [painted], 2).mean_f == 1
