"""Bellman's equations are solved alike by sweeps, policies, linear systems, linear programming and textbooks."""

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from visus.geometry import decisions
from visus.geometry.decisions import (
    Tables,
    backup,
    check,
    greedy,
    policy_evaluation,
    policy_evaluation_by_sweeps,
    policy_iteration,
    policy_sweep,
    reachable,
    residual,
    start_value,
    value_iteration,
    value_sweep,
)
from visus.worlds import grid_world

# Sutton and Barto, 2018: figure 3.5 (right), the best values, and figure 3.2, those of the random policy
BEST_3_5 = """22.0 24.4 22.0 19.4 17.5 19.8 22.0 19.8 17.8 16.0 17.8 19.8 17.8 16.0 14.4
              16.0 17.8 16.0 14.4 13.0 14.4 16.0 14.4 13.0 11.7"""
RANDOM_3_5 = """3.3 8.8 4.4 5.3 1.5 1.5 3.0 2.3 1.9 0.5 0.1 0.7 0.7 0.4 -0.4
                -1.0 -0.4 -0.4 -0.6 -1.2 -1.9 -1.3 -1.2 -1.4 -2.0"""
RANDOM_4_1 = [0, -14, -20, -22, -14, -18, -20, -20, -20, -20, -18, -14, -22, -20, -14, 0]  # figure 4.1, k = infinity
# Russell and Norvig, figure 17.3; the wall and the two ends have none
BEST_17 = {0: 0.812, 1: 0.868, 2: 0.918, 4: 0.762, 6: 0.660, 8: 0.705, 9: 0.655, 10: 0.611, 11: 0.388}


def drawn(seed, S=12, A=3, ends=(4,)):
    """A decision process at random, in which any state can follow any."""
    dice = torch.Generator().manual_seed(seed)
    moves = torch.rand(S, A, S, generator=dice, dtype=torch.float64) ** 6
    over = torch.zeros(S, dtype=torch.bool)
    over[list(ends)] = True
    start = torch.full((S,), 1 / S, dtype=torch.float64)
    return Tables(
        moves / moves.sum(2, keepdim=True), torch.randn(S, A, generator=dice, dtype=torch.float64), over, start
    )


def printed(text):
    return torch.tensor([float(word) for word in text.split()], dtype=torch.float64)


def test_values_are_those_of_the_textbooks():
    continuing = grid_world.build("sutton_barto_3_5").tables()
    assert (value_iteration(continuing, 0.9).values - printed(BEST_3_5)).abs().max() < 0.051
    assert (policy_evaluation(continuing, torch.full((25, 4), 0.25), 0.9) - printed(RANDOM_3_5)).abs().max() < 0.051
    episodic = grid_world.build("sutton_barto_4_1").tables()
    assert policy_evaluation(episodic, torch.full((16, 4), 0.25), 1.0).tolist() == pytest.approx(RANDOM_4_1)
    slippery = value_iteration(grid_world.build("russell_norvig").tables(), 1.0).values
    assert {state: round(float(slippery[state]), 3) for state in BEST_17} == BEST_17


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.95])
def test_four_ways_find_the_same_solution(seed, gamma):
    tables = drawn(seed)
    by_sweeps, by_policies = value_iteration(tables, gamma), policy_iteration(tables, gamma)
    torch.testing.assert_close(by_sweeps.values, by_policies.values, rtol=0, atol=1e-8)
    assert torch.equal(by_sweeps.actions, by_policies.actions)
    torch.testing.assert_close(by_sweeps.values, by_linear_programming(tables, gamma), rtol=0, atol=1e-7)
    assert by_policies.residual < 1e-12
    q = torch.zeros_like(tables.rewards)
    for _ in range(20):
        q = policy_sweep(tables, q, gamma)
    torch.testing.assert_close(q.amax(1), by_policies.values)


def by_linear_programming(tables, gamma):
    """The smallest values that no action can beat (Puterman, 1994, section 6.9)."""
    S, A = tables.rewards.shape
    open_moves = tables.moves.masked_fill(tables.ends, 0.0).masked_fill(tables.ends[:, None, None], 0.0)
    rows = (gamma * open_moves - torch.eye(S, dtype=torch.float64)[:, None]).reshape(S * A, S)
    bounds = -tables.rewards.masked_fill(tables.ends[:, None], 0.0).reshape(-1)
    found = linprog(np.ones(S), rows.numpy(), bounds.numpy(), bounds=(None, None))
    return torch.from_numpy(found.x)


@pytest.mark.parametrize("seed", range(3))
def test_a_policy_is_worth_the_same_by_a_linear_system_by_sweeps_and_by_adding_up(seed):
    tables = drawn(seed)
    policy = torch.rand(12, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).softmax(1)
    exact = policy_evaluation(tables, policy, 0.9)
    torch.testing.assert_close(policy_evaluation_by_sweeps(tables, policy, 0.9)[0], exact, rtol=0, atol=1e-8)
    moves, rewards = decisions.followed(tables, policy)
    added = sum(0.9**t * torch.linalg.matrix_power(moves, t) @ rewards for t in range(300))
    torch.testing.assert_close(added, exact)


@pytest.mark.parametrize("gamma", [0.3, 0.9])
def test_a_backup_brings_any_two_values_nearer_by_the_discount(gamma):
    tables, dice = drawn(0), torch.Generator().manual_seed(1)
    for _ in range(20):
        one, other = torch.randn(2, 12, generator=dice, dtype=torch.float64).masked_fill(tables.ends, 0.0)
        apart = (backup(tables, one, gamma).amax(1) - backup(tables, other, gamma).amax(1)).abs().max()
        assert apart <= gamma * (one - other).abs().max() + 1e-12


def test_the_residual_bounds_how_far_values_are_from_the_best():
    tables = drawn(2)
    best = value_iteration(tables, 0.9).values
    q = torch.zeros_like(tables.rewards)
    for _ in range(30):
        q = value_sweep(tables, q, 0.9)
        values = q.amax(1)
        assert (values - best).abs().max() <= residual(tables, values, 0.9) / (1 - 0.9) + 1e-9
    assert float(tables.start @ best) == pytest.approx(start_value(tables, best))


def test_no_policy_beats_the_greedy_one_of_the_best_values():
    tables = drawn(3, S=4, A=2, ends=(1,))
    best = value_iteration(tables, 0.8)
    every = torch.cartesian_prod(*[torch.arange(2)] * 4)
    worth = torch.stack([policy_evaluation(tables, policy, 0.8) for policy in every])
    torch.testing.assert_close(worth.amax(0), best.values)


def test_nothing_is_earned_after_an_end():
    tables = drawn(0, ends=(4, 7))
    assert value_iteration(tables, 0.9).values[[4, 7]].tolist() == [0, 0]
    assert policy_evaluation(tables, torch.zeros(12, dtype=torch.long), 0.9)[[4, 7]].tolist() == [0, 0]


def test_rounding_does_not_choose_among_equals():
    assert greedy(
        torch.tensor([[1.0, 1.0 + 1e-13], [-1e3, -1e3 + 1e-9], [0.0, 1e-6]], dtype=torch.float64)
    ).tolist() == [
        0,
        0,
        1,
    ]


def test_what_no_episode_comes_to_is_known():
    tables = grid_world.build("cliff").tables()
    assert (~reachable(tables)).nonzero().flatten().tolist() == list(range(37, 47))


def test_what_has_no_value_or_is_no_decision_process_is_refused():
    tables = drawn(0)
    for gamma in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="between 0 and 1"):
            value_iteration(tables, gamma)
    forever = Tables(
        torch.eye(2, dtype=torch.float64)[:, None], torch.ones(2, 1), torch.zeros(2, dtype=torch.bool), None
    )
    with pytest.raises(ValueError, match="go on for ever"):
        policy_evaluation(forever, torch.zeros(2, dtype=torch.long), 1.0)
    endless = Tables(forever.moves, forever.rewards.double(), forever.ends, torch.ones(2, dtype=torch.float64))
    with pytest.raises(ValueError, match="smaller discount"):
        value_iteration(endless, 1.0, most=50)
    with pytest.raises(ValueError, match="smaller discount"):
        policy_evaluation_by_sweeps(endless, torch.zeros(2, dtype=torch.long), 1.0, most=50)
    with pytest.raises(ValueError, match=r"sum to 1\.5"):
        check(Tables(tables.moves * 1.5, *_rest(tables)), 0.9)
    with pytest.raises(ValueError, match="no finite number"):
        check(Tables(tables.moves, tables.rewards / 0, tables.ends, tables.start), 0.9)
    with pytest.raises(ValueError, match="mend the world's `tables`"):
        check(Tables(tables.moves[:, :, :5], *_rest(tables)), 0.9)
    with pytest.raises(ValueError, match="12 states and 3 actions"):
        policy_evaluation(tables, torch.ones(12, 2), 0.9)


def _rest(tables):
    return tables.rewards, tables.ends, tables.start
