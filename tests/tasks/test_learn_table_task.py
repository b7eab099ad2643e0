"""A table learns from single steps what the rules say, and each method learns what it is said to."""

import copy
from itertools import islice, pairwise

import numpy as np
import pytest
import torch

from visus.engine.loop import fit
from visus.engine.seed import random_state, restore_random_state
from visus.geometry import decisions
from visus.recipes import q_learning
from visus.runs import checkpoint
from visus.tasks.learn_table import METHODS

every_method = pytest.mark.parametrize("method", sorted(METHODS))


def brief(method="q_learning", options="map=russell_norvig", **settings):
    usual = {"epochs": 2, "epoch": 100, "episodes": 2, "gamma": 0.9, "lr": 0.5}
    return q_learning.build(options=options, method=method, **usual | settings)


def by_hand(q, batch, method, lr, gamma, epsilon):
    """Sutton and Barto, 2018: section 6.4, 6.5 and 6.6."""
    for s, a, r, s2, ended, a2 in zip(*(part.tolist() for part in batch), strict=True):
        policy = np.full(q.shape[1], epsilon / q.shape[1])
        policy[q[s2].argmax()] += 1 - epsilon
        beyond = {"q_learning": max(q[s2]), "sarsa": q[s2, a2], "expected_sarsa": policy @ q[s2]}[method]
        q[s, a] = q[s, a] + lr * (r + gamma * (0 if ended else beyond) - q[s, a])
    return q


@every_method
def test_improves_as_the_textbook_says(method):
    task = brief(method, worlds=3, schedule="constant", epsilon=0.4, epsilon_end=0.4)
    q = np.zeros((12, 4))
    for batch in islice(task.batches(), 150):
        q = by_hand(q, batch, method, 0.5, 0.9, 0.4)
        task.objectives[0].improve(batch)
        np.testing.assert_allclose(task.q, q, atol=1e-12)
    assert np.abs(q).max() > 0.5


@every_method
def test_what_is_said_to_follow_is_what_follows(method):
    task = brief(method, worlds=2, epsilon=0.5, epsilon_end=0.5)
    batches = list(islice(task.batches(), 60))
    for (_, _, _, reached, ended, follow), (states, actions, *_) in pairwise(batches):
        goes_on = (reached == states) & ~ended
        assert goes_on.any() or ended.any()
        if METHODS[method].commits:
            assert torch.equal(follow[goes_on], actions[goes_on])


def test_q_learning_finds_the_best_values_and_policy():
    task = brief(options="map=S../..G", epochs=2, epoch=1000, schedule="linear")
    fit(task, task.steps)
    exact = decisions.policy_iteration(task.tables, 0.9)
    assert (task.model.q.amax(1) - exact.values).abs().max() < 0.02
    scores = task.evaluate()
    assert scores["start_value"] == pytest.approx(scores["best_value"], abs=1e-3)
    assert scores["policy_value"] == pytest.approx(scores["best_value"])
    assert scores["epsilon"] == pytest.approx(0.05)


def test_at_the_cliff_q_learning_takes_the_edge_and_sarsa_keeps_away():
    """Sutton and Barto, 2018, example 6.6: exploring costs the one that walks along the edge."""
    ends = {}
    for method in ("q_learning", "sarsa"):
        task = brief(method, "map=cliff", epochs=8, epoch=1000, epsilon=0.1, epsilon_end=0.1, gamma=1.0)
        fit(task, task.steps)
        ends[method] = task.evaluate()
    assert ends["q_learning"]["validation_return"] == -13
    assert ends["sarsa"]["validation_return"] < -13
    assert ends["sarsa"]["train_return"] > ends["q_learning"]["train_return"]


def test_a_time_limit_is_no_end():
    """A world of one cell and a reward of 1 a step is worth 1 / (1 - gamma), wherever its episodes are cut."""
    task = brief(options="map=/S,step=1,limit=3", epochs=10, schedule="constant")
    fit(task, task.steps)
    np.testing.assert_allclose(task.q, 10.0, atol=0.05)


def test_equals_are_drawn_alike_and_the_best_is_taken_otherwise():
    torch.manual_seed(0)
    task = brief(worlds=1, epsilon=0.0, epsilon_end=0.0)
    task.q[7] = [1.0, 2.0, 2.0, 0.0]
    drawn = task.choose(np.full(4000, 7))
    assert set(drawn.tolist()) == {1, 2}
    assert (drawn == 1).mean() == pytest.approx(0.5, abs=0.03)
    task.epsilon = lambda played: 0.4
    assert (task.choose(np.full(4000, 7)) == 0).mean() == pytest.approx(0.1, abs=0.02)


def test_high_beginnings_make_a_greedy_player_try_everything():
    task = brief(epsilon=0.0, epsilon_end=0.0, initial=5.0, epochs=10)
    fit(task, task.steps)
    tried = (task.model.q != 5.0).all(1)
    assert tried[decisions.reachable(task.tables) & ~task.tables.ends].all()


@every_method
@pytest.mark.parametrize(("worlds", "stop"), [(1, 7), (3, 40)])
def test_a_run_that_is_stopped_goes_on_bit_for_bit(method, worlds, stop, tmp_path):
    def begun():
        return brief(method, worlds=worlds, seed=3)

    whole = begun()
    fit(whole, whole.steps)
    first = begun()
    fit(first, stop)
    saved = {"task": first.state_dict(), "ongoing": first.ongoing(), "random": random_state()}
    checkpoint.save(tmp_path / "last", saved)
    torch.rand(99)
    second, state = begun(), checkpoint.load(tmp_path / "last")
    second.load_state_dict(state["task"])
    second.go_on(state["ongoing"])
    restore_random_state(state["random"])
    fit(second, second.steps, start=stop)
    assert torch.equal(second.model.q, whole.model.q)
    assert second.evaluate() == whole.evaluate()


def test_a_copy_plays_in_worlds_of_its_own():
    task = brief("sarsa")
    fit(task, 20)
    before, q = task.worlds.state(), task.model.q.clone()
    fit(copy.deepcopy(task), 60, start=20)
    assert task.worlds.state() == before
    assert torch.equal(task.model.q, q)


def test_rewards_may_be_clipped_but_returns_are_told_as_they_are():
    task = brief(options="map=cliff", clip_rewards=True, epochs=3)
    fit(task, task.steps)
    assert task.model.q.abs().max() <= 1 / (1 - 0.9)
    assert min(episode.total for episode in task.recent) < -200
