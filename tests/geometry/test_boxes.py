"""Boxes against small sums by hand and against their own symmetries."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from visus.geometry import boxes as of

A, B = torch.tensor([[0.0, 0, 10, 10]]), torch.tensor([[5.0, 5, 15, 15]])


def drawn(n, seed=0):
    random = torch.Generator().manual_seed(seed)
    low, sides = torch.rand(n, 2, generator=random) * 50, torch.rand(n, 2, generator=random) * 40 + 1
    return torch.cat([low, low + sides], 1).double()


def test_a_quarter_shared_is_one_seventh():
    assert of.iou(A, B).item() == pytest.approx(1 / 7)
    assert of.covered(A, B).item() == 0.25
    # the hull is 225 px, 50 of which neither covers
    assert of.paired_giou(A, B).item() == pytest.approx(1 / 7 - 50 / 225)


def test_iou_counts_pixels():
    """Whole-numbered boxes drawn on squared paper."""
    a, b = drawn(12, 1).round(), drawn(9, 2).round()
    y, x = torch.meshgrid(torch.arange(100), torch.arange(100), indexing="ij")
    inks = [
        (x >= boxes[:, 0, None, None])
        & (x < boxes[:, 2, None, None])
        & (y >= boxes[:, 1, None, None])
        & (y < boxes[:, 3, None, None])
        for boxes in (a, b)
    ]
    both = (inks[0][:, None] & inks[1]).sum((2, 3))
    either = (inks[0][:, None] | inks[1]).sum((2, 3))
    assert torch.allclose(of.iou(a, b), both / either.clamp(min=1).double())


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.floats(0.1, 10), st.floats(-100, 100))
def test_iou_is_symmetric_and_blind_to_scale_and_place(seed, scale, shift):
    a, b = drawn(5, seed), drawn(4, seed + 1)
    overlap = of.iou(a, b)
    assert torch.allclose(overlap, of.iou(b, a).T)
    assert torch.allclose(overlap, of.iou(a * scale + shift, b * scale + shift))
    assert torch.allclose(of.iou(a, a).diagonal(), torch.ones(5, dtype=torch.float64))
    giou = of.paired_giou(a[:4], b)
    assert (giou <= overlap[:4].diagonal() + 1e-12).all()
    assert (giou > -1).all()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_a_box_survives_being_written_as_a_step_from_an_anchor(seed):
    boxes, anchors = drawn(6, seed), drawn(6, seed + 1)
    assert torch.allclose(of.decode(of.encode(boxes, anchors, (10, 10, 5, 5)), anchors, (10, 10, 5, 5)), boxes)
    assert torch.allclose(of.from_centre(of.to_centre(boxes)), boxes)
    assert not of.encode(anchors, anchors).abs().max()


def test_a_wild_answer_stays_finite():
    grown = of.decode(torch.tensor([[0.0, 0, 500, 500]]), A)
    assert grown.isfinite().all()
    assert (grown[0, 2] - grown[0, 0]).item() == pytest.approx(625)


def test_boxes_without_area_overlap_nothing():
    flat = torch.tensor([[3.0, 3, 3, 9], [9.0, 0, 3, 9]])
    assert of.area(flat).tolist() == [0, 0]
    assert of.iou(flat, torch.cat([A, flat])).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_clipping_keeps_what_lies_inside():
    assert of.clip(torch.tensor([[-5.0, 2, 30, 40]]), 20, 25).tolist() == [[0, 2, 25, 20]]
