"""Q-learning's targets and loss: against numbers worked by hand, and slopes told beforehand."""

import math

import pytest
import torch

from visus.losses.temporal_difference import q_targets, temporal_difference


def test_a_target_is_the_reward_and_the_discounted_best_value_beyond():
    follow = torch.tensor([[1.0, 3.0], [5.0, 2.0], [4.0, 4.0]])
    targets = q_targets(torch.tensor([1.0, -1.0, 0.5]), torch.tensor([0.9, 0.0, 0.5]), follow)
    assert targets.tolist() == pytest.approx([1 + 0.9 * 3, -1.0, 0.5 + 0.5 * 4])


def test_double_targets_take_the_value_of_the_action_that_the_other_network_chooses():
    follow, choosing = torch.tensor([[1.0, 3.0], [5.0, 2.0]]), torch.tensor([[7.0, 0.0], [7.0, 0.0]])
    assert q_targets(torch.zeros(2), torch.ones(2), follow, choosing).tolist() == [1.0, 5.0]


def test_double_targets_are_not_raised_by_noise_and_single_ones_are():
    dice = torch.Generator().manual_seed(0)
    one, other = (torch.randn(20_000, 8, generator=dice) for _ in range(2))  # every action is worth 0
    rewards, discounts = torch.zeros(20_000), torch.ones(20_000)
    assert q_targets(rewards, discounts, one).mean() == pytest.approx(1.42, abs=0.02)  # the mean of 8 normals' largest
    assert q_targets(rewards, discounts, one, other).mean() == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(
    ("delta", "expected"), [(1.0, (0.125 + 2.5) / 2), (2.0, (0.125 + 4.0) / 2), (math.inf, (0.125 + 4.5) / 2)]
)
def test_the_loss_is_half_the_square_and_a_line_beyond_delta(delta, expected):
    values, targets = torch.tensor([1.0, 0.0]), torch.tensor([1.5, -3.0])
    assert temporal_difference(values, targets, delta) == pytest.approx(expected)


def test_the_slope_is_the_error_and_never_steeper_than_delta():
    values = torch.tensor([0.0, 0.0, 0.0], requires_grad=True)
    temporal_difference(values, torch.tensor([0.25, 100.0, -100.0])).backward()
    assert (3 * values.grad).tolist() == pytest.approx([-0.25, -1.0, 1.0])


def test_weights_weigh_errors():
    values, targets = torch.tensor([0.0, 0.0]), torch.tensor([1.0, 2.0])
    for delta in (math.inf, 1.0):
        alone = temporal_difference(values[1:], targets[1:], delta)
        assert temporal_difference(values, targets, delta, torch.tensor([0.0, 0.5])) == pytest.approx(float(alone) / 4)


@pytest.mark.parametrize(
    ("delta", "shape", "words"),
    [(0.0, (2,), "must be above 0; got 0"), (math.nan, (2,), "above 0"), (1.0, (2, 1), "values are .* but targets")],
)
def test_says_what_is_wrong(delta, shape, words):
    with pytest.raises(ValueError, match=words):
        temporal_difference(torch.zeros(shape), torch.zeros(2), delta)
