"""What is earned from a step on: against loops that say what is meant, and at the ends of lambda and n."""

import pytest
import torch

from visus.losses.returns import discounted_returns, lambda_advantages, n_step_returns, reward_to_go

T, N = 12, 3
GAMMA = 0.9


@pytest.fixture
def played():
    """Rewards, values, what was reached, and where episodes ended, were cut, or a life was lost."""
    dice = torch.Generator().manual_seed(0)
    rewards, values, reached = (torch.randn(T, N, generator=dice, dtype=torch.float64) for _ in range(3))
    ended, cut = torch.rand(T, N, generator=dice) < 0.15, torch.rand(T, N, generator=dice) < 0.15
    cut &= ~ended
    over = (ended & (torch.rand(T, N, generator=dice) < 0.5)) | cut
    reached[:-1] = torch.where(over[:-1], reached[:-1], values[1:])  # else the next step begins where this one led
    return rewards, values, reached, ended, over


def by_hand(rewards, values, reached, ended, over, gae_lambda):
    """The sum of definition: temporal differences of all later steps of the same episode."""
    found = torch.zeros(T, N, dtype=torch.float64)
    for i in range(N):
        for t in range(T):
            weight = 1.0
            for k in range(t, T):
                beyond = 0.0 if ended[k, i] else reached[k, i]
                found[t, i] += weight * (rewards[k, i] + GAMMA * beyond - values[k, i])
                if ended[k, i] or over[k, i]:
                    break
                weight *= GAMMA * gae_lambda
    return found


@pytest.mark.parametrize("gae_lambda", [0.0, 0.5, 0.95, 1.0])
def test_advantages_are_the_sum_of_the_paper(played, gae_lambda):
    found = lambda_advantages(*played, GAMMA, gae_lambda)
    torch.testing.assert_close(found.advantages, by_hand(*played, gae_lambda))
    torch.testing.assert_close(found.returns, found.advantages + played[1])


def test_lambda_1_is_all_that_was_earned_less_the_value(played):
    rewards, _values, reached, ended, over = played
    broken = ended | over
    broken[-1] = True
    earned = reward_to_go(rewards, broken, GAMMA, torch.where(ended, 0, reached))
    torch.testing.assert_close(lambda_advantages(*played, GAMMA, 1.0).returns, earned)


def test_lambda_0_is_one_step_and_the_value_of_where_it_led(played):
    rewards, _, reached, ended, over = played
    torch.testing.assert_close(
        lambda_advantages(*played, GAMMA, 0.0).returns, n_step_returns(rewards, reached, ended, over, GAMMA, 1)
    )


@pytest.mark.parametrize("n", [1, 2, 3, 7, 50])
def test_n_step_returns_are_n_rewards_and_a_value(played, n):
    rewards, _, reached, ended, over = played
    found = n_step_returns(rewards, reached, ended, over, GAMMA, n)
    for i in range(N):
        for t in range(T):
            total, weight, k = 0.0, 1.0, t
            while True:
                total, weight = total + weight * rewards[k, i], weight * GAMMA
                if k - t == n - 1 or ended[k, i] or over[k, i] or k == T - 1:
                    break
                k += 1
            total += 0.0 if ended[k, i] else weight * reached[k, i]
            assert float(found[t, i]) == pytest.approx(float(total))


def test_a_time_limit_keeps_its_future_and_an_end_has_none():
    one, no, yes = torch.ones(1, 1), torch.zeros(1, 1, dtype=torch.bool), torch.ones(1, 1, dtype=torch.bool)
    reached = torch.full((1, 1), 10.0)
    cut = lambda_advantages(one, torch.zeros(1, 1), reached, no, yes, 0.5)
    end = lambda_advantages(one, torch.zeros(1, 1), reached, yes, yes, 0.5)
    assert (float(cut.returns), float(end.returns)) == (6.0, 1.0)


def test_a_lost_life_ends_what_is_learned_though_the_episode_goes_on():
    rewards = torch.ones(2, 1)
    ended = torch.tensor([[True], [False]])
    found = lambda_advantages(
        rewards, torch.zeros(2, 1), torch.full((2, 1), 4.0), ended, torch.zeros(2, 1, dtype=torch.bool), 0.5
    )
    assert found.returns.flatten().tolist() == [1.0, 3.0]


def test_reward_to_go_of_one_episode_is_its_discounted_return():
    rewards = torch.randn(9, 2, generator=torch.Generator().manual_seed(1))
    broken = torch.zeros(9, 2, dtype=torch.bool)
    torch.testing.assert_close(reward_to_go(rewards, broken, 0.97), discounted_returns(rewards, 0.97))


def test_reward_to_go_starts_anew_with_every_episode():
    rewards = torch.ones(5)
    broken = torch.tensor([False, True, False, False, True])
    assert reward_to_go(rewards, broken, 1.0).tolist() == [2, 1, 3, 2, 1]


def test_what_does_not_pair_is_refused():
    flat, flags = torch.zeros(3), torch.zeros(3, 1, dtype=torch.bool)
    with pytest.raises(ValueError, match="both are"):
        lambda_advantages(torch.zeros(3, 1), flat, torch.zeros(3, 1), flags, flags, 0.9)
    with pytest.raises(ValueError, match="at least 1"):
        n_step_returns(torch.zeros(3, 1), torch.zeros(3, 1), flags, flags, 0.9, 0)
