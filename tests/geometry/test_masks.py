"""Masks agree with COCO's library pixel by pixel, survive their run lengths, and land where their boxes are."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from visus.geometry.masks import (
    compressed,
    mask_area,
    mask_box,
    mask_iou,
    paste,
    polygon_mask,
    rle_decode,
    rle_encode,
    uncompressed,
)

SOME_MASK = arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 1))


def test_runs_go_down_the_columns_and_begin_with_zeros():
    mask = np.array([[1, 0, 0], [1, 1, 0]])
    assert rle_encode(mask) == [0, 2, 1, 1, 2]
    assert rle_encode(np.zeros((2, 3))) == [6]
    assert rle_encode(np.ones((2, 3))) == [0, 6]


@given(SOME_MASK)
@settings(max_examples=60, deadline=None)
def test_a_mask_survives_its_run_lengths_and_their_string(mask):
    counts = rle_encode(mask)
    assert (rle_decode(counts, *mask.shape) == mask).all()
    assert uncompressed(compressed(counts)) == counts


@given(st.lists(st.integers(0, 2**31), max_size=12))
@settings(max_examples=60, deadline=None)
def test_any_counts_survive_the_string(counts):
    assert uncompressed(compressed(counts)) == counts
    assert uncompressed(compressed(counts).encode()) == counts


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [([3, 4], "runs of 7 pixels in all are not of a mask of 2 x 3 = 6 pixels"), ([8, -2], "a run of -2 pixels")],
)
def test_runs_that_do_not_fill_the_mask_are_refused(counts, sentence):
    with pytest.raises(ValueError, match=sentence):
        rle_decode(counts, 2, 3)


@pytest.mark.parametrize(("text", "why"), [("a b", "' ' does not stand"), ("o", "cut off"), ("o" * 40, "64 bits")])
def test_a_string_that_is_no_run_lengths_is_refused(text, why):
    with pytest.raises(ValueError, match=why):
        uncompressed(text)


def test_a_polygon_on_whole_pixels_fills_what_it_says():
    mask = polygon_mask([[1, 1, 4, 1, 4, 3, 1, 3]], 5, 6)
    assert mask_box(mask).tolist() == [1, 1, 4, 3]
    assert mask.sum() == 6
    assert not polygon_mask([], 5, 6).any()


@pytest.mark.parametrize("outline", [[1, 1, 4, 4], [1, 1, 2, 2, 3], [1, 1, 2, float("nan"), 3, 3]])
def test_an_outline_that_is_none_is_refused(outline):
    with pytest.raises(ValueError, match="at least three points"):
        polygon_mask([outline], 8, 8)


def test_an_outline_without_end_is_refused_before_it_is_walked():
    with pytest.raises(ValueError, match="are its points in pixels"):
        polygon_mask([[0, 0, 1e12, 0, 1e12, 1e12]], 8, 8)


def _outlines():
    """Sizes and polygons: ordinary, tiny, reaching outside, crossing themselves, on whole pixels; some of two parts."""
    dice = np.random.default_rng(7)
    for number in range(240):
        height, width = (int(side) for side in dice.integers(1, 90, 2))
        spread = (1.0, 0.03, 4.0, 1.0)[number % 4]
        points = (dice.random(2) + spread * (dice.random((int(dice.integers(3, 11)), 2)) - 0.5)) * (width, height)
        points = points.round() if number % 4 == 3 else points.round(2) if number % 8 < 4 else points
        polygons = [points.ravel().tolist()]
        if number % 3 == 0:
            polygons.append((dice.random((5, 2)) * (width, height)).ravel().tolist())
        yield height, width, polygons


OLD = "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"  # pycocotools


@pytest.mark.filterwarnings(OLD)
def test_polygons_are_filled_as_by_cocos_library_and_areas_boxes_and_strings_agree():
    library = pytest.importorskip("pycocotools.mask")
    for height, width, polygons in _outlines():
        own = polygon_mask(polygons, height, width)
        runs = library.merge(library.frPyObjects(polygons, height, width))
        assert (own == library.decode(runs)).all(), (height, width, polygons)
        assert compressed(rle_encode(own)) == library.encode(np.asfortranarray(own))["counts"].decode()
        assert mask_area(own) == library.area(runs)
        x, y, w, h = library.toBbox(runs)
        assert not own.any() or mask_box(own).tolist() == [x, y, x + w, y + h]


@pytest.mark.filterwarnings(OLD)
def test_overlap_agrees_with_cocos_library_crowds_too():
    library = pytest.importorskip("pycocotools.mask")
    dice = np.random.default_rng(3)
    a, b = (dice.random((5, 13, 17)) < share for share in (0.4, 0.6))
    crowd = [0, 1, 0, 1, 1]
    runs = [[library.encode(np.asfortranarray(mask.astype(np.uint8))) for mask in masks] for masks in (a, b)]
    assert np.allclose(mask_iou(a, b, crowd), library.iou(*runs, crowd), atol=1e-12)
    assert np.allclose(mask_iou(a, a).diagonal(), 1)
    assert (mask_iou(np.zeros((1, 4, 4)), np.zeros((2, 4, 4))) == 0).all()


@given(SOME_MASK)
@settings(max_examples=40, deadline=None)
def test_the_box_of_a_mask_is_the_smallest(mask):
    x1, y1, x2, y2 = mask_box(mask).astype(int)
    assert mask[y1:y2, x1:x2].sum() == mask.sum() == mask_area(mask)
    if mask.any():
        for edge in (mask[y1], mask[y2 - 1], mask[:, x1], mask[:, x2 - 1]):
            assert edge.any()


def test_a_full_mask_fills_the_pixels_whose_middle_its_box_covers():
    pasted = paste(torch.ones(1, 4, 4), torch.tensor([[2.0, 1.0, 10.0, 9.0]]), 12, 14)[0]
    # at a border half of what is interpolated is nothing: 0.5 exactly, the box's outline itself, and inside more
    assert mask_box(pasted.numpy()).tolist() == [2, 1, 10, 9]
    assert pasted.sum() == 64


def test_a_mask_of_the_size_of_its_box_is_laid_pixel_on_pixel():
    mask = (torch.rand(6, 6, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    pasted = paste(mask[None], torch.tensor([[3.0, 2.0, 9.0, 8.0]]), 10, 12)[0]
    assert (pasted[2:8, 3:9] == mask.bool()).all()
    assert pasted.sum() == mask.sum()


def test_pasting_agrees_with_a_loop_over_pixels_and_boxes_may_leave_the_picture():
    dice = torch.Generator().manual_seed(1)
    masks = torch.rand(3, 5, 5, generator=dice)
    boxes = torch.tensor([[-4.0, -3.5, 6.2, 7.1], [3.3, 2.0, 20.0, 9.4], [1.0, 1.0, 2.5, 8.0]])
    pasted = paste(masks, boxes, 9, 11)
    for number, (x1, y1, x2, y2) in enumerate(boxes.tolist()):
        for y in range(9):
            for x in range(11):
                row, column = (y + 0.5 - y1) / (y2 - y1) * 5 - 0.5, (x + 0.5 - x1) / (x2 - x1) * 5 - 0.5
                value = sum(
                    float(masks[number, i, j]) * max(0, 1 - abs(row - i)) * max(0, 1 - abs(column - j))
                    for i in range(5)
                    for j in range(5)
                )
                assert abs(value - 0.5) < 1e-5 or pasted[number, y, x] == (value > 0.5)


def test_no_masks_and_boxes_without_area_paste_nothing():
    assert paste(torch.zeros(0, 28, 28), torch.zeros(0, 4), 8, 9).shape == (0, 8, 9)
    assert not paste(torch.ones(1, 4, 4), torch.tensor([[3.0, 3.0, 3.0, 8.0]]), 9, 9).any()
