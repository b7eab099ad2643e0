"""Anchors against numbers worked by hand (torchvision's convention) and against a plain loop."""

import pytest
import torch

from visus.geometry import anchors as module
from visus.geometry.anchors import BELOW, BETWEEN, Anchors, fit_shapes, match, sample, shape_overlaps
from visus.geometry.boxes import iou, to_centre


def test_the_anchors_of_the_paper_are_rounded_as_torchvision_rounds_them():
    """What torchvision's AnchorGenerator answers for sizes 32 and ratios 0.5, 1, 2, stride 16."""
    (boxes,) = Anchors([[32]], [[0.5, 1.0, 2.0]], [16])([(2, 2)])
    cell = torch.tensor([[-23.0, -11, 23, 11], [-16, -16, 16, 16], [-11, -23, 11, 23]])
    shifts = torch.tensor([[0.0, 0, 0, 0], [16, 0, 16, 0], [0, 16, 0, 16], [16, 16, 16, 16]])
    assert boxes.equal((shifts[:, None] + cell).reshape(-1, 4))


def test_ratios_are_the_outer_loop_and_sizes_the_inner():
    (boxes,) = Anchors([[32, 64]], [[0.5, 2.0]], [8])([(1, 1)])
    width, height = (boxes[:, 2:] - boxes[:, :2]).unbind(1)
    assert (width > height).tolist() == [True, True, False, False]
    assert width.tolist() == [46, 90, 22, 46]


def test_each_map_has_its_own():
    anchors = Anchors([[16], [32, 64]], [[1.0], [1.0, 2.0]], [8, 16], centred=True)
    fine, coarse = anchors([(3, 5), (2, 3)])
    assert (len(fine), len(coarse)) == (3 * 5, 2 * 3 * 4)
    assert anchors.per_place == [1, 4]
    assert to_centre(fine)[:, :2].tolist()[:2] == [[4, 4], [12, 4]]


def test_given_shapes_stay_as_they_are():
    (boxes,) = Anchors.of_shapes([torch.tensor([[10.5, 20.25]])], [8])([(1, 2)])
    assert boxes.tolist() == [[-1.25, -6.125, 9.25, 14.125], [6.75, -6.125, 17.25, 14.125]]


def test_maps_and_settings_must_fit():
    with pytest.raises(ValueError, match="each map needs its sizes, ratios and stride; got 1 sizes, 2 ratios"):
        Anchors([[8]], [[1.0], [1.0]], [8])
    with pytest.raises(ValueError, match="for 1 maps; got 2"):
        Anchors([[8]], [[1.0]], [8])([(1, 1), (1, 1)])


def by_a_loop(overlaps, high, low, allow):
    objects, anchors = overlaps.shape
    found = []
    for a in range(anchors):
        best = max(range(objects), key=lambda n: overlaps[n, a])
        value = overlaps[best, a]
        kind = best if value >= high else BELOW if value < low else BETWEEN
        if allow and any(overlaps[n, a] == overlaps[n].max() > 0 for n in range(objects)):
            kind = best
        found.append(kind)
    return found


@pytest.mark.parametrize("allow", [False, True])
def test_matching_against_a_loop(allow):
    random = torch.Generator().manual_seed(3)
    low = torch.rand(240, 2, generator=random) * 60
    boxes = torch.cat([low, low + torch.rand(240, 2, generator=random) * 40 + 4], 1)
    overlaps = iou(boxes[:7], boxes[7:])
    assert match(overlaps, 0.5, 0.3, allow).tolist() == by_a_loop(overlaps, 0.5, 0.3, allow)


def test_an_object_no_anchor_reaches_well_still_gets_its_best_and_one_none_touches_claims_nothing():
    overlaps = torch.tensor([[0.2, 0.1, 0.2], [0.0, 0.0, 0.0]])
    assert match(overlaps, 0.7, 0.3, True).tolist() == [0, BELOW, 0]
    assert match(overlaps, 0.7, 0.3).tolist() == [BELOW] * 3


def test_pictures_are_matched_together_with_rows_that_fill_up():
    first, second = torch.rand(3, 50), torch.rand(1, 50)
    filled = torch.stack([first, torch.cat([second, torch.full((2, 50), -1.0)])])
    both = match(filled, 0.7, 0.3, True)
    assert both[0].equal(match(first, 0.7, 0.3, True))
    assert both[1].equal(match(second, 0.7, 0.3, True))


def test_without_objects_everything_is_background():
    assert match(torch.empty(0, 4), 0.7, 0.3, True).tolist() == [BELOW] * 4
    assert match(torch.empty(2, 0, 4), 0.7, 0.3).shape == (2, 4)


def test_a_sample_holds_its_share_and_never_what_is_left_out():
    labels = torch.tensor([1] * 100 + [0] * 500 + [-1] * 100)
    positive, negative = sample(labels, 256, 0.25, torch.Generator().manual_seed(0))
    assert (len(positive), len(negative)) == (64, 192)
    assert (labels[positive] == 1).all()
    assert (labels[negative] == 0).all()
    assert len(positive.unique()) == 64
    again = sample(labels, 256, 0.25, torch.Generator().manual_seed(0))
    assert again[0].equal(positive)
    few, rest = sample(labels[95:], 256, 0.5)
    assert (len(few), len(rest)) == (5, 251)


def test_shapes_are_found_again_that_objects_were_drawn_from():
    true = torch.tensor([[12.0, 20], [40, 30], [100, 160]])
    random = torch.Generator().manual_seed(4)
    sides = true.repeat(80, 1) * (1 + 0.05 * torch.randn(240, 2, generator=random))
    found = fit_shapes(sides, 3, seed=1)
    assert torch.allclose(found, true, rtol=0.03)
    assert shape_overlaps(sides, found).amax(1).mean() > 0.9
    assert found.equal(fit_shapes(sides, 3, seed=1))


def test_more_shapes_fit_better():
    random = torch.Generator().manual_seed(5)
    sides = torch.rand(300, 2, generator=random) * 90 + 5
    fits = [float(shape_overlaps(sides, fit_shapes(sides, n)).amax(1).mean()) for n in (1, 3, 6, 9)]
    assert fits == sorted(fits)


def test_shapes_of_boxes_lie_centre_on_centre():
    centres = torch.tensor([[3.0, 4.0], [50, 60]])
    shapes = torch.tensor([[2.0, 6], [8, 8]])
    boxes = module.centred_at(centres, shapes)
    assert boxes[0, 0].tolist() == [2, 1, 4, 7]
    assert torch.allclose(shape_overlaps(shapes, shapes), iou(boxes[0], boxes[0]))


def test_bad_objects_are_refused():
    with pytest.raises(ValueError, match="3 shapes need as many different objects; got 1"):
        fit_shapes(torch.ones(9, 2), 3)
    with pytest.raises(ValueError, match="without area"):
        fit_shapes(torch.tensor([[1.0, 0], [1, 1]]), 1)
