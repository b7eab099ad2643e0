"""The losses of policies: their gradients against exact ones, and numbers by hand."""

import math

import pytest
import torch
from torch.distributions import Categorical

from visus.losses.policy_gradient import (
    clipped_loss,
    explained_variance,
    kl_estimate,
    reinforce_loss,
    standardised,
    value_loss,
)

REWARDS = torch.tensor([1.0, 3.0])


@pytest.mark.parametrize("baseline", [0.0, 2.0])
def test_reinforce_has_the_gradient_of_the_expected_reward_of_a_bandit(baseline):
    logits = torch.tensor([0.3, -0.2], requires_grad=True)
    (exact,) = torch.autograd.grad((logits.softmax(0) * REWARDS).sum(), logits)
    drawn = torch.multinomial(logits.detach().softmax(0), 200_000, True, generator=torch.Generator().manual_seed(0))
    loss = reinforce_loss(logits.log_softmax(0)[drawn], REWARDS[drawn] - baseline)
    (estimated,) = torch.autograd.grad(loss, logits)
    torch.testing.assert_close(-estimated, exact, atol=0.01, rtol=0)


def test_no_gradient_goes_through_what_an_action_is_weighed_by():
    log_probs, weights = torch.randn(4, requires_grad=True), torch.randn(4, requires_grad=True)
    for loss in (reinforce_loss(log_probs, weights), clipped_loss(log_probs, log_probs, weights)):
        loss.backward()
    assert weights.grad is None


def test_at_a_ratio_of_1_the_clipped_gradient_is_that_of_reinforce():
    log_probs = torch.randn(6, requires_grad=True)
    advantages = torch.randn(6)
    (ours,) = torch.autograd.grad(clipped_loss(log_probs, log_probs.detach(), advantages), log_probs)
    (theirs,) = torch.autograd.grad(reinforce_loss(log_probs, advantages), log_probs)
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(
    ("ratio", "advantage", "gradient"),
    [(1.5, 1.0, False), (1.5, -1.0, True), (0.5, 1.0, True), (0.5, -1.0, False), (1.1, 1.0, True), (0.9, -1.0, True)],
)
def test_only_what_would_go_further_in_its_own_favour_is_clipped(ratio, advantage, gradient):
    log_prob = torch.tensor([math.log(ratio)], requires_grad=True)
    loss = clipped_loss(log_prob, torch.zeros(1), torch.tensor([advantage]), 0.2)
    loss.backward()
    assert bool(log_prob.grad) is gradient
    held = ratio if gradient else min(max(ratio, 0.8), 1.2)
    assert loss.item() == pytest.approx(-held * advantage)


def test_the_estimated_divergence_is_that_of_the_distributions():
    before, now = Categorical(logits=torch.tensor([0.0, 1.0, -1.0])), Categorical(logits=torch.tensor([0.5, 0.4, 0.0]))
    drawn = torch.multinomial(before.probs, 200_000, True, generator=torch.Generator().manual_seed(0))
    exact = torch.distributions.kl_divergence(before, now)
    assert float(kl_estimate(now.log_prob(drawn), before.log_prob(drawn))) == pytest.approx(float(exact), rel=0.02)


def test_a_value_that_has_moved_far_enough_is_not_pulled_on():
    before, returns = torch.zeros(2), torch.tensor([5.0, 5.0])
    values = torch.tensor([0.1, 1.0], requires_grad=True)
    value_loss(values, returns, before, 0.5).backward()
    assert values.grad[0] != 0
    assert values.grad[1] == 0
    assert value_loss(values, returns).item() == pytest.approx((4.9**2 + 4.0**2) / 2)


def test_standardised_weights_have_mean_0_and_deviation_1_and_one_alone_stays():
    found = standardised(torch.tensor([1.0, 2.0, 4.0, 9.0]))
    assert float(found.mean()) == pytest.approx(0, abs=1e-6)
    assert float(found.std()) == pytest.approx(1, abs=1e-6)
    assert standardised(torch.tensor([3.0])).tolist() == [3.0]
    assert standardised(torch.full((3,), 2.0)).tolist() == [0, 0, 0]


def test_explained_variance_is_1_for_the_truth_0_for_a_constant_and_none_where_there_is_nothing_to_explain():
    returns = torch.tensor([1.0, 2.0, 3.0])
    assert explained_variance(returns, returns) == 1
    assert explained_variance(torch.full((3,), 2.0), returns) == 0
    assert explained_variance(-returns, returns) == pytest.approx(-3)
    assert math.isnan(explained_variance(returns, torch.tensor([100.0, 100.1, 100.0])))


def test_numbers_that_do_not_pair_are_refused():
    with pytest.raises(ValueError, match="one number for each step"):
        reinforce_loss(torch.zeros(4), torch.zeros(4, 1))
