"""Non-maximum suppression against the rule itself, written as a loop over single float32 numbers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from visus.geometry import nms as module
from visus.geometry.nms import batched_nms, nms


def by_the_rule(boxes, scores, threshold):
    """Greedy, pair by pair, each step rounded as float32; the threshold is not."""
    boxes = boxes.numpy()
    order = sorted(range(len(boxes)), key=lambda row: -float(scores[row]))
    kept = []
    with np.errstate(invalid="ignore"):
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        for row in order:
            best = np.array(kept, dtype=np.int64)
            low = np.maximum(boxes[row, :2], boxes[best, :2])
            high = np.minimum(boxes[row, 2:], boxes[best, 2:])
            shared = np.maximum(high - low, 0).prod(1)
            overlaps = shared / (areas[row] + areas[best] - shared)
            if not (overlaps.astype(np.float64) > threshold).any():
                kept.append(row)
    return kept


def boxes_of(kind, n, seed=0):
    random = torch.Generator().manual_seed(seed)
    drawn = lambda *shape: torch.rand(*shape, generator=random)  # noqa: E731
    if kind == "crowded":
        centre = (drawn(12, 2) * 500)[torch.arange(n) % 12] + drawn(n, 2) * 20
        side = 60 + 30 * drawn(n, 2)
    elif kind == "apart":
        centre, side = drawn(n, 2) * 3000, 16 + 48 * drawn(n, 2)
    elif kind == "mixed":
        centre, side = drawn(n, 2) * 700, 16 + 200 * drawn(n, 2)
    else:  # whole numbers: overlaps that are exactly the threshold, and equal scores
        centre, side = (drawn(n, 2) * 40).round() * 4, (1 + drawn(n, 2) * 5).round() * 8
    scores = (drawn(n) * 50).round() / 50 if kind == "whole" else drawn(n)
    return torch.cat([centre - side / 2, centre + side / 2], 1), scores


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.7, 1.0])
@pytest.mark.parametrize("kind", ["crowded", "apart", "mixed", "whole"])
def test_it_keeps_what_the_rule_keeps(kind, threshold):
    boxes, scores = boxes_of(kind, 700)
    assert nms(boxes, scores, threshold).tolist() == by_the_rule(boxes, scores, threshold)


@settings(deadline=None, max_examples=60)
@given(
    n=st.integers(0, 150),
    seed=st.integers(0, 9999),
    threshold=st.floats(0, 1),
    kind=st.sampled_from(["whole", "mixed"]),
)
def test_it_keeps_what_the_rule_keeps_for_any_set(n, seed, threshold, kind):
    boxes, scores = boxes_of(kind, n, seed)
    assert nms(boxes, scores, threshold).tolist() == by_the_rule(boxes, scores, threshold)


@pytest.mark.parametrize("threshold", [0.3, 0.6, 1 / 3])
def test_a_threshold_that_float32_cannot_hold_is_not_rounded(threshold):
    """float32(0.3) is above 0.3: two boxes that overlap by just that are too close."""
    found = []
    for width in range(1, 200):
        for shared in range(1, width + 1):
            overlap = np.float32(shared) / np.float32(width)
            if abs(float(overlap) - threshold) < 1e-7:
                boxes = torch.tensor([[0.0, 0, width, 1], [0, 0, shared, 1]])
                found.append(nms(boxes, torch.tensor([0.9, 0.8]), threshold).tolist())
                assert found[-1] == ([0] if float(overlap) > threshold else [0, 1])
    assert found


def test_large_sets_of_either_kind_agree_with_the_table_of_all_pairs():
    for kind in ("crowded", "apart", "mixed"):
        boxes, scores = boxes_of(kind, 2000)
        order = scores.argsort(descending=True, stable=True)
        assert nms(boxes, scores, 0.5).equal(order[module._settled_afar(boxes[order], 0.5)])


def test_where_a_sweep_finds_too_many_pairs_the_answer_is_the_same(monkeypatch):
    boxes, scores = boxes_of("mixed", 900)
    expected = nms(boxes, scores, 0.7)
    monkeypatch.setattr(module, "CROWDED", 0)
    assert nms(boxes, scores, 0.7).equal(expected)


@pytest.mark.parametrize("groups", [1, 3, 40, 600])
@pytest.mark.parametrize("kind", ["crowded", "mixed"])
def test_groups_are_settled_each_for_itself(kind, groups):
    boxes, scores = boxes_of(kind, 600)
    of = torch.randint(groups, (600,), generator=torch.Generator().manual_seed(1)) * 7
    alone = [rows[nms(boxes[rows], scores[rows], 0.5)] for g in of.unique() for rows in [torch.nonzero(of == g)[:, 0]]]
    expected = torch.cat(alone)
    expected = expected[scores[expected].argsort(descending=True, stable=True)]
    assert batched_nms(boxes, scores, of, 0.5).equal(expected)


def test_groups_are_exact_where_moving_boxes_apart_would_round_them():
    boxes, scores = boxes_of("mixed", 300)
    boxes = boxes.repeat(2, 1)
    groups = torch.tensor([0, 10_000_000]).repeat_interleave(300)
    kept = batched_nms(boxes, scores.repeat(2), groups, 0.5)
    first, second = kept[kept < 300], kept[kept >= 300] - 300
    assert first.equal(second)
    assert first.equal(nms(boxes[:300], scores, 0.5))


def test_the_order_of_boxes_does_not_matter():
    boxes, scores = boxes_of("mixed", 400)
    turned = torch.randperm(400, generator=torch.Generator().manual_seed(2))
    assert turned[nms(boxes[turned], scores[turned], 0.5)].equal(nms(boxes, scores, 0.5))


def test_no_boxes_and_boxes_without_area_and_without_end():
    none = torch.empty(0, 4), torch.empty(0)
    assert nms(*none, 0.5).tolist() == batched_nms(*none, torch.empty(0, dtype=torch.long), 0.5).tolist() == []
    flat = torch.tensor([[1.0, 1, 1, 5], [1, 1, 1, 5], [0, 0, float("inf"), 3]])
    assert nms(flat, torch.tensor([0.1, 0.2, 0.3]), 0.5).tolist() == [2, 1, 0]


def test_scores_of_either_sign_and_equal_ones_keep_their_order():
    boxes = torch.arange(6)[:, None] * 100.0 + torch.tensor([0.0, 0, 10, 10])
    scores = torch.tensor([0.0, -1.0, 2.0, -0.0, -2.0, 2.0])
    assert nms(boxes, scores, 0.5).tolist() == [2, 5, 0, 3, 1, 4]


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_kinds_of_numbers(kind):
    boxes, scores = boxes_of("whole", 200)
    assert nms(boxes.to(kind), scores.to(kind), 0.45).tolist() == by_the_rule(boxes, scores.to(kind), 0.45)


def test_bad_input_is_named():
    boxes, scores = boxes_of("mixed", 3)
    with pytest.raises(ValueError, match=r"boxes must be \(N, 4\) and scores \(N,\); got \(3, 4\) and \(2,\)"):
        nms(boxes, scores[:2], 0.5)
    with pytest.raises(ValueError, match=r"must be in 0..1; got 50"):
        nms(boxes, scores, 50)
    with pytest.raises(ValueError, match="each of 3 boxes needs a group"):
        batched_nms(boxes, scores, torch.zeros(2), 0.5)
