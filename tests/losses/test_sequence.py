"""Cross-entropy over time: against a loop, numbers worked by hand, and what padding must not do."""

import math

import pytest
import torch
from torch.nn import functional as F

from visus.losses.sequence import temporal_cross_entropy

B, T, V = 4, 5, 7
PAD = 0


@pytest.fixture
def scores():
    return torch.randn(B, T, V, generator=torch.Generator().manual_seed(0)).double()


@pytest.fixture
def targets():
    found = torch.randint(1, V, (B, T), generator=torch.Generator().manual_seed(1))
    found[0, 3:] = found[2, 1:] = PAD
    return found


def by_loop(scores, targets):
    return sum(-scores[b, t].log_softmax(0)[targets[b, t]] for b in range(B) for t in range(T) if targets[b, t] != PAD)


def test_both_conventions_are_the_same_sum_divided_otherwise(scores, targets):
    real = int((targets != PAD).sum())
    total = float(by_loop(scores, targets))
    assert float(temporal_cross_entropy(scores, targets, ignore=PAD)) == pytest.approx(total / real)
    assert float(temporal_cross_entropy(scores, targets, ignore=PAD, per="sequence")) == pytest.approx(total / B)


def test_a_mask_and_an_ignored_target_say_the_same(scores, targets):
    masked = temporal_cross_entropy(scores, targets, mask=targets != PAD)
    assert torch.equal(masked, temporal_cross_entropy(scores, targets, ignore=PAD))
    assert torch.equal(masked, temporal_cross_entropy(scores, targets, mask=targets != PAD, ignore=PAD))


def test_what_is_padded_has_no_gradient_and_no_say(scores, targets):
    leaf = scores.clone().requires_grad_()
    temporal_cross_entropy(leaf, targets, ignore=PAD).backward()
    assert not leaf.grad[targets == PAD].any()
    assert leaf.grad[targets != PAD].any(-1).all()
    mask = targets != PAD
    other = targets.masked_fill(~mask, 5)
    assert torch.equal(temporal_cross_entropy(scores, other, mask), temporal_cross_entropy(scores, targets, mask))


def test_a_blind_guess_scores_the_logarithm_of_the_vocabulary(targets):
    blind = torch.zeros(B, T, V)
    assert float(temporal_cross_entropy(blind, targets, ignore=PAD)) == pytest.approx(math.log(V))
    whole = torch.ones(B, T, dtype=torch.long)
    assert float(temporal_cross_entropy(blind, whole, per="sequence")) == pytest.approx(T * math.log(V))


def test_without_padding_it_is_torchs_own_with_smoothing_too(scores):
    targets = torch.ones(B, T, dtype=torch.long)
    wanted = F.cross_entropy(scores.flatten(0, 1), targets.flatten(), label_smoothing=0.1)
    torch.testing.assert_close(temporal_cross_entropy(scores, targets, smoothing=0.1), wanted)


def test_where_no_step_counts_the_loss_is_0_and_so_is_its_gradient(scores):
    leaf = scores.clone().requires_grad_()
    loss = temporal_cross_entropy(leaf, torch.full((B, T), PAD), ignore=PAD)
    loss.backward()
    assert float(loss.detach()) == 0
    assert not leaf.grad.any()


def test_half_precision_is_added_up_in_float32(scores, targets):
    half = scores.bfloat16()
    loss = temporal_cross_entropy(half, targets, ignore=PAD)
    assert loss.dtype == torch.float32
    assert float(loss) == pytest.approx(float(temporal_cross_entropy(half.double(), targets, ignore=PAD)), rel=1e-6)
    assert temporal_cross_entropy(scores, targets).dtype == torch.float64


@pytest.mark.parametrize(
    ("scores_shape", "targets_shape", "mask_shape"),
    [((2, 3), (2, 3), None), ((2, 3, 4), (3, 2), None), ((2, 3, 4), (2, 3), (3, 2))],
)
def test_shapes_that_do_not_fit_are_named(scores_shape, targets_shape, mask_shape):
    mask = None if mask_shape is None else torch.ones(mask_shape)
    with pytest.raises(ValueError, match=r"scores must be \(B, T, V\), targets and mask \(B, T\)"):
        temporal_cross_entropy(torch.zeros(scores_shape), torch.zeros(targets_shape, dtype=torch.long), mask)
