"""The memory of steps: against a list that keeps everything, in worlds that end, are cut, and lose lives."""

import copy
import random
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from visus.geometry.spaces import Observed
from visus.tasks._replay import Prioritised, Replay
from visus.tasks._sum_tree import SumTree

GAMMA = 0.5


class Story:
    """n worlds that show a number that counts up; episodes end, are cut, or lose a life, by dice.

    told: for each world a list of (stack, action, reward, ended, over, stack reached).
    """

    def __init__(self, memory, n, stacked, seed=0):
        self.memory, self.n, self.stacked, self.dice = memory, n, stacked, random.Random(seed)
        self.number = 0
        self.told = [[] for _ in range(n)]
        self.seen = np.stack([self.first() for _ in range(n)])
        for world in range(n):
            memory.begin(world, self.seen[world])

    def first(self):
        return np.array([self.next() for _ in range(self.stacked)], np.float32)[:, None]

    def next(self):
        self.number += 1
        return self.number

    def go_on(self, steps):
        for _ in range(steps):
            reached = np.concatenate([self.seen[:, 1:], [[[self.next()]] for _ in range(self.n)]], 1).astype(np.float32)
            actions = np.array([self.dice.randrange(3) for _ in range(self.n)])
            rewards = np.array([self.dice.randrange(1, 9) for _ in range(self.n)], np.float32)
            fate = [self.dice.choices(("on", "end", "cut", "life"), (12, 1, 1, 1))[0] for _ in range(self.n)]
            ended, over = (np.array([f in which for f in fate]) for which in (("end", "life"), ("end", "cut")))
            for i in range(self.n):
                self.told[i].append((self.seen[i], actions[i], rewards[i], ended[i], over[i], reached[i]))
            self.seen = np.stack([self.first() if over[i] else reached[i] for i in range(self.n)])
            shown = SimpleNamespace(observations=self.seen, reached=reached, ended=ended, over=over)
            self.memory.add(actions, rewards, shown)

    def lesson(self, world, t, n_steps):
        """What is to be learned from step t, by a loop: (reward, discount, what was reached, ended, cut), or None."""
        total, discount = 0.0, 1.0
        for k in range(n_steps):
            if t + k >= len(self.told[world]):
                return None
            _, _, reward, ended, over, reached = self.told[world][t + k]
            total, discount = total + discount * reward, discount * GAMMA
            if ended or over:
                break
        return total, 0.0 if ended else discount, reached, bool(ended), bool(over and not ended)


def remembering(kind=Replay, n=2, stacked=3, capacity=60, n_steps=1):
    shape = (stacked, 1)
    return kind(Observed(shape, stacked=stacked), n, capacity, GAMMA, n_steps)


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("stacked", [1, 3])
@pytest.mark.parametrize("n_steps", [1, 3])
@pytest.mark.parametrize("steps", [15, 200])
def test_every_lesson_is_what_happened(n, stacked, n_steps, steps):
    memory = remembering(n=n, stacked=stacked, capacity=40 * n, n_steps=n_steps)
    story = Story(memory, n, stacked)
    story.go_on(steps)
    happened = {}
    for world in range(n):
        for t, (seen, action, *_) in enumerate(story.told[world]):
            if lesson := story.lesson(world, t, n_steps):
                happened[seen[-1].item()] = (seen, action, *lesson)
    slots = np.flatnonzero(memory.learnable)
    assert len(slots) == memory.lessons
    rows = zip(*memory.read(slots), strict=True)
    for observation, action, reward, discount, reached, ended, cut in rows:
        seen, did, total, weight, led, end, broke = happened[observation[-1].item()]
        np.testing.assert_array_equal(observation, seen)
        assert (action, reward, discount, ended, cut) == (did, total, weight, end, broke)
        if not ended:
            np.testing.assert_array_equal(reached, led)


def test_what_can_be_learned_is_nearly_all_that_fits():
    memory = remembering(n=1, stacked=1, capacity=50)
    story = Story(memory, 1, 1)
    story.go_on(300)
    newest = [seen[-1].item() for seen, *_ in story.told[0]]
    kept = sorted(memory.frames[memory.learnable].flatten().tolist())
    assert kept == newest[-len(kept) :]  # the latest, without a gap
    episodes = sum(over for *_, over, _ in story.told[0][-len(kept) :])
    assert len(kept) >= 50 - 1 - 1 - episodes  # what is seen now, what is overwritten next, and each last observation
    assert len(memory) == memory.capacity == 50


def test_every_step_is_drawn_about_as_often_as_any_other():
    torch.manual_seed(0)
    memory = remembering(n=3, stacked=3, capacity=90)
    Story(memory, 3, 3).go_on(14)
    slots, counts = np.unique(memory.draw(40_000), return_counts=True)
    np.testing.assert_array_equal(slots, np.flatnonzero(memory.learnable))
    assert counts.std() < 3 * np.sqrt(counts.mean())
    assert counts.min() > 0.8 * counts.mean()


def test_a_frame_is_kept_once():
    memory = Replay(Observed((4, 84, 84), "uint8", stacked=4), 1, 1000, 0.99)
    assert memory.frames.nbytes == 1000 * 84 * 84


@pytest.mark.parametrize("kind", [Replay, Prioritised])
def test_a_copy_and_a_restored_one_go_on_alike(kind):
    first, second = (remembering(kind, n_steps=2) for _ in range(2))
    story = Story(first, 2, 3)
    story.go_on(70)
    if kind is Prioritised:
        slots = first.draw(16)
        first.surprise(slots, np.linspace(0, 5, 16))
        story.go_on(3)  # changes that the tree does not know yet
    second.restore(first.state())
    third = copy.deepcopy(first)
    before = first.frames.copy()
    for memory in (second, third):
        twin = copy.deepcopy(story)
        twin.memory = memory
        twin.go_on(20)
    np.testing.assert_array_equal(first.frames, before)  # a copy leaves it alone
    story.go_on(20)
    drawn = []
    for memory in (first, second, third):
        torch.manual_seed(1)
        drawn.append(memory.draw(64))
    np.testing.assert_array_equal(drawn[0], drawn[1])
    np.testing.assert_array_equal(drawn[0], drawn[2])
    for ours, theirs in pairwise(memory.read(drawn[0]) for memory in (first, second, third)):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_sum_tree_finds_what_a_running_sum_finds():
    dice = np.random.default_rng(0)
    tree, plain = SumTree(37), np.zeros(37)
    for _ in range(20):
        slots = dice.integers(0, 37, 5)
        slots = np.unique(slots)
        values = dice.uniform(0, 3, len(slots)) * dice.integers(0, 2, len(slots))
        tree[slots] = values
        plain[slots] = values
        assert tree.total == pytest.approx(plain.sum())
        sums = dice.uniform(0, plain.sum(), 50) if plain.sum() else np.zeros(0)
        np.testing.assert_array_equal(tree.find(sums), np.searchsorted(plain.cumsum(), sums, "right"))


def test_a_sum_tree_never_finds_a_zero_even_where_rounding_would():
    tree = SumTree(8)
    tree[np.array([2, 5])] = np.array([0.1, 0.2])
    assert set(tree.find(np.array([0.0, tree.total, 1e9])).tolist()) == {2, 5}


def test_steps_are_drawn_in_proportion_to_their_errors():
    torch.manual_seed(0)
    memory = Prioritised(Observed((1,)), 1, 20, GAMMA, alpha=1.0)
    Story(memory, 1, 1).go_on(8)
    slots = np.flatnonzero(memory.learnable)
    memory.draw(1)
    errors = np.arange(1.0, len(slots) + 1)
    memory.surprise(slots, errors)
    counts = np.bincount(memory.draw(20_000), minlength=20)[slots]
    assert counts / counts.sum() == pytest.approx(errors / errors.sum(), abs=0.005)
    # Drawn twice as often, weighs half: what is learned on the whole is as if all were drawn alike.
    assert counts * memory.weights(slots, 1.0) == pytest.approx(np.full(len(slots), counts.min()), rel=0.15)
    assert memory.weights(slots, 0.0).tolist() == [1.0] * len(slots)


def test_what_is_new_is_drawn_as_if_it_were_the_greatest_surprise():
    memory = Prioritised(Observed((1,)), 1, 30, GAMMA, alpha=1.0)
    story = Story(memory, 1, 1)
    story.go_on(5)
    old = memory.draw(5)
    memory.surprise(old, np.full(5, 7.0))
    story.go_on(1)
    memory.draw(1)
    new = np.setdiff1d(np.flatnonzero(memory.learnable), old)
    assert memory.tree[new] == pytest.approx(7.0, rel=1e-5)


def test_what_was_overwritten_is_never_drawn():
    torch.manual_seed(0)
    memory = Prioritised(Observed((2, 1), stacked=2), 2, 40, GAMMA, n_steps=2)
    story = Story(memory, 2, 2)
    for _ in range(60):
        story.go_on(3)
        slots = memory.draw(32)
        assert memory.learnable[slots].all()
        memory.surprise(slots, np.ones(32))


def test_refuses_a_memory_that_holds_no_lesson():
    with pytest.raises(ValueError, match=r"a memory of 10 for 4 worlds holds 2 steps of each.*memory=4000"):
        remembering(n=4, capacity=10)
    with pytest.raises(ValueError, match="resume with the settings of the run"):
        remembering(n=2).restore(remembering(n=3).state())
