"""What the experiments on acting say is what mathematics and the textbook say."""

import numpy as np
import pytest
import torch

from visus.geometry.decisions import policy_evaluation, value_iteration
from visus.lab import baseline_variance, cliff, credit, discount, epsilon, overestimation, value_iteration_sweeps
from visus.lab._worlds import known, walks
from visus.losses.returns import discounted_returns
from visus.report.exhibit import Plate


@pytest.fixture(scope="module")
def drawn():
    """A policy at random in the textbook's world, its values, and episodes."""
    tables, dice = known("russell_norvig").tables, torch.Generator().manual_seed(1)
    policy = torch.randn(tables.rewards.shape, generator=dice, dtype=torch.float64).softmax(1)
    return tables, policy, policy_evaluation(tables, policy, 0.95), walks(tables, policy, 3000, 150, dice)


def test_episodes_earn_on_average_what_their_start_is_worth(drawn):
    tables, _, values, walked = drawn
    earned = discounted_returns(walked.rewards, 0.95)[0]
    assert float(earned.mean()) == pytest.approx(
        float(tables.start @ values), abs=4 * float(earned.std()) / len(earned) ** 0.5
    )
    assert not walked.rewards[~walked.alive].any()


def test_the_exact_gradient_is_the_slope_of_the_value(drawn):
    tables, policy, _, _ = drawn
    logits = policy.log().clone().requires_grad_()

    def worth(logits):
        return tables.start @ policy_evaluation(tables, logits.softmax(1), 0.95)

    worth(logits).backward()
    torch.testing.assert_close(logits.grad, baseline_variance.exact(tables, policy, 0.95))


@pytest.mark.parametrize("way", baseline_variance.WAYS)
def test_each_estimate_is_right_on_average(drawn, way):
    tables, policy, values, walked = drawn
    found = baseline_variance.estimates(walked, policy, baseline_variance.WAYS[way](walked, values, 0.95))
    off = (found.mean(0) - baseline_variance.exact(tables, policy, 0.95)).abs()
    assert (off <= 4.5 * found.std(0) / len(found) ** 0.5 + 1e-12).all()


def test_each_baseline_takes_noise_away():
    spread = list(baseline_variance.run(episodes=1000).data["variance"].values())
    assert spread == sorted(spread, reverse=True)
    assert spread[0] > 5 * spread[1] > 10 * spread[2]


def test_whom_to_credit_is_a_trade():
    told = credit.run(episodes=1200).data
    bias, variance = np.array(told["lambda"]).T
    assert bias[0] > 10 * bias[-1]
    assert variance[-1] > 3 * variance[0]
    assert 0 < told["best"]["lambda"] < len(credit.LAMBDAS) - 1
    np.testing.assert_allclose(told["lambda"][0], told["steps"][0], rtol=1e-6)


def test_true_values_leave_no_bias_at_any_lambda():
    told = credit.run(episodes=1200, wrong=0.0).data
    assert max(bias for bias, _ in told["lambda"]) < 5e-3


@pytest.mark.parametrize(("near", "far", "reward"), [(2, 8, 10.0), (1, 4, 3.0)])
def test_the_player_turns_round_at_the_discount_worked_by_hand(near, far, reward):
    crossing = reward ** (-1 / (far - near))
    for gamma, goes in ((crossing - 0.01, 0), (crossing + 0.01, 1)):
        assert value_iteration(discount.line(near, far, reward), gamma).actions[near] == goes


def test_errors_shrink_by_the_discount_at_least():
    found = value_iteration_sweeps.run("russell_norvig", gamma=0.9, sweeps=40).data
    errors = np.array(found["errors"]["value iteration"])
    assert (errors[1:] <= 0.9 * errors[:-1] + 1e-12).all()
    assert found["sweeps"]["policy iteration"] < found["sweeps"]["value iteration"]


def test_the_best_of_two_normal_guesses_promises_one_over_the_root_of_pi():
    best, second = overestimation.guessed(2, 1.0, np.random.default_rng(0))
    assert best == pytest.approx(1 / np.pi**0.5, abs=0.05)
    assert second == pytest.approx(0.0, abs=0.05)


def test_noise_leads_one_table_astray_and_two_less():
    told = overestimation.run(episodes=120, runs=300).data
    assert told["peak"]["Q-learning"] > 0.8
    assert told["peak"]["double Q-learning"] < 0.65
    assert told["late"]["double Q-learning"] < told["late"]["Q-learning"] / 1.5


def test_a_player_that_never_tries_is_beaten_by_all_others():
    earned = epsilon.run(bandits=200, steps=500).data["earned"]
    assert min(earned, key=earned.get) == "never"


def test_a_bandit_without_noise_or_rivals_is_found_at_once():
    course = epsilon.play(epsilon.PLAYERS["never"], np.array([[5.0, -5.0]] * 100), 50, np.random.default_rng(0))
    assert course.best[0] == pytest.approx(0.5, abs=0.2)
    assert course.best[-1] > 0.99


def test_the_edge_costs_the_one_that_explores_there():
    told = cliff.run(episodes=80, runs=1).data
    assert told["late"]["sarsa"] > told["late"]["q_learning"]
    assert told["greedy"]["q_learning"] == -13


def test_a_map_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'cliff'"):
        known("clif")


def test_large_drawings_keep_their_share_of_the_page():
    drawing = np.zeros((1, 10, 200, 3), np.uint8)
    assert Plate("a", drawing, "", large=True).width_px == 130
