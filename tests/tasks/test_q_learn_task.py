"""Deep Q-learning as a task: what it is taught, when it plays, and that it goes on as if never stopped."""

import copy
import math
from itertools import islice

import numpy as np
import pytest
import torch

from visus.engine import optimizers
from visus.engine.loop import fit
from visus.engine.seed import random_state, restore_random_state, seed_everything
from visus.geometry.spaces import Choices, Observed
from visus.models.players import q_network
from visus.recipes import dqn
from visus.runs import checkpoint
from visus.tasks._replay import Prioritised, Replay
from visus.tasks.q_learn import QLearn
from visus.worlds._contract import Step, World
from visus.worlds._side_by_side import SideBySide

GAMMA = 0.9


class Path(World):
    """A path of `length` steps, each worth its action; the last one ends it, or cuts it."""

    def __init__(self, length=5, cut=False):
        self.name, self.length, self.cut = "path", length, cut
        self.observed, self.actions = Observed((1,)), Choices(2)

    def reset(self, seed):
        self.at = 0
        return np.array([0.0], np.float32)

    def step(self, action):
        self.at += 1
        last = self.at == self.length
        return Step(np.array([self.at], np.float32), float(action), last and not self.cut, last and self.cut, last)


def learner(make=Path, n=1, memory=Replay, capacity=400, n_steps=1, **settings):
    seed_everything(0)
    worlds, judged = SideBySide(make, n), SideBySide(make, 2, stream=1)
    model = q_network.build(worlds.observed, worlds.actions, hidden=16)
    given = {"epsilon": lambda step: 0.5, "warm_up": 20, "batch": 8, "episodes": 2, "gamma": GAMMA, **settings}
    kept = memory(worlds.observed, n, capacity, GAMMA, n_steps)
    return QLearn(model, worlds, judged, kept, optimizers.adam, descent={"lr": 3e-3}, **given)


def rows(task, batches):
    """Every row of so many batches, as numbers, with what the target network said beyond."""
    for batch in islice(task.batches(), batches):
        lessons = task.lessons(batch)
        yield from zip(batch[0][:, 0].tolist(), *(part.tolist() for part in lessons[:4]), strict=True)


@pytest.mark.parametrize("cut", [False, True])
def test_nothing_lies_beyond_an_end_but_a_time_limit_hides_what_does(cut):
    task = learner(lambda: Path(3, cut))
    beyond = task.target(torch.arange(4.0)[:, None]).amax(1).tolist()
    last = 0
    for place, reward, target, ended, was_cut in rows(task, 10):
        stops = place == 2
        last += stops
        assert (ended, was_cut) == (stops and not cut, stops and cut)
        expected = reward if stops and not cut else reward + GAMMA * beyond[int(place) + 1]
        assert target == pytest.approx(expected, abs=1e-6)
    assert last


def test_double_q_learning_asks_the_target_network_for_the_other_s_choice():
    task = learner(double=True)
    with torch.no_grad():
        for parameter in task.model.parameters():
            parameter.copy_(torch.randn_like(parameter))
    places = torch.arange(6.0)[:, None]
    beyond = task.target(places).gather(1, task.model(places).argmax(1, keepdim=True))[:, 0].tolist()
    for place, reward, target, ended, _ in rows(task, 5):
        assert target == pytest.approx(reward + (not ended) * GAMMA * beyond[int(place) + 1], abs=1e-5)


def test_several_rewards_are_counted_before_a_value_is_asked_for():
    task = learner(lambda: Path(9), n_steps=3)
    beyond = task.target(torch.arange(10.0)[:, None]).amax(1).tolist()
    for place, reward, target, ended, _ in rows(task, 5):
        assert ended == (place >= 6)
        assert target == pytest.approx(reward + (not ended) * GAMMA**3 * beyond[min(int(place) + 3, 9)], abs=1e-5)


def test_learns_the_values_of_a_path():
    task = learner(target_every=20, updates=4)
    fit(task, 1200)
    best = [sum(GAMMA**k for k in range(5 - place)) for place in range(5)]  # action 1 at every step
    values = task.model.values(torch.arange(5.0)[:, None]).tolist()
    assert values == pytest.approx(best, abs=0.4)
    scores = task.evaluate()
    assert next(iter(scores)) == "validation_return"
    assert scores["validation_return"] == 5
    assert scores["q_mean"] == pytest.approx(float(np.mean(values[::4])), abs=0.3)
    assert abs(scores["q_gap"]) < 0.4
    assert task.valued.earned.tolist() == pytest.approx([best[t % 5] for t in (0, 4) for _ in range(2)])


def test_what_was_cut_off_is_left_out_of_what_was_earned():
    task = learner(lambda: Path(60, cut=True), warm_up=0)
    task.evaluate()
    assert len(task.valued.said) == 2 * math.ceil((60 - math.log(0.05) / math.log(GAMMA)) / 4)
    gaps = learner(lambda: Path(5, cut=True), warm_up=0)
    assert "q_gap" not in gaps.evaluate()


def test_plays_at_random_first_and_then_as_told():
    task = learner(n=2, warm_up=50, train_every=8, updates=3, epsilon=lambda step: 0.0)
    stream = task.batches()
    next(stream)
    assert task.env_steps == 50
    played = task.memory.actions[: task.memory.at[0]]
    assert 5 < played.sum() < 20
    for expected in (50, 50, 58, 58, 58, 66):
        next(stream)
        assert task.env_steps == expected
    with torch.no_grad():
        greedy = task.model.act(torch.from_numpy(task.worlds.observations))
    assert task.choose().tolist() == greedy.tolist()


def weights(module):
    return torch.cat([p.detach().flatten() for p in module.parameters()])


def test_the_target_network_is_copied_now_and_then():
    task = learner(target_every=40, train_every=4, warm_up=20)
    fit(task, 1)
    first = weights(task.target)
    assert not torch.equal(weights(task.model), first)
    fit(task, 5, start=1)
    assert task.env_steps < 40
    assert torch.equal(weights(task.target), first)
    before = weights(task.model)
    fit(task, 6, start=5)
    assert torch.equal(weights(task.target), before)  # of when it was copied, before the improvement


def test_or_it_follows_by_a_share():
    task = learner(polyak=0.1)
    target = weights(task.target)
    fit(task, 1)
    torch.testing.assert_close(weights(task.target), torch.lerp(target, weights(task.model), 0.1))


def test_a_surprise_is_told_to_the_memory_before_the_next_draw():
    task = learner(memory=Prioritised)
    stream = task.batches()
    batch = next(stream)
    with torch.no_grad():
        values = task.model(batch[0]).gather(1, batch[1])[:, 0]
    task.objectives[0].improve(batch)
    next(stream)
    slots = batch[-1].numpy()
    error = dict(zip(slots.tolist(), (batch[2] - values).abs().tolist(), strict=True))
    assert task.memory.tree[slots] == pytest.approx([error[s] ** 0.6 for s in slots.tolist()], rel=1e-3)


def saved(task, path):
    state = {
        "task": task.state_dict(),
        "ongoing": task.ongoing(),
        "objectives": [objective.state_dict() for objective in task.objectives],
        "random": random_state(),
    }
    checkpoint.save(path, state)
    return checkpoint.load(path)


def resumed(task, state):
    task.load_state_dict(state["task"])
    task.go_on(state["ongoing"])
    for objective, kept in zip(task.objectives, state["objectives"], strict=True):
        objective.load_state_dict(kept)
    restore_random_state(state["random"])
    return task


VARIANTS = {
    "plain": {"updates": 7, "train_every": 9},
    "every": {"double": True, "prioritised": True, "n_steps": 3, "duelling": True, "worlds": 2, "updates": 3},
    "polyak": {"polyak": 0.05, "memory": 70, "updates": 2},
}


@pytest.mark.parametrize("step", [1, 11, 40])
@pytest.mark.parametrize("variant", VARIANTS)
def test_goes_on_as_if_it_had_never_been_stopped(variant, step, tmp_path):
    given = {"warm_up": 30, "batch": 8, "hidden": 8, "epoch": 60, "epochs": 3, **VARIANTS[variant]}
    whole, halved = dqn.build(**given), dqn.build(**given)
    seed_everything(1)
    fit(whole, 45)
    seed_everything(1)
    fit(halved, step)
    state = saved(halved, tmp_path / "last.safetensors")
    again = resumed(dqn.build(**given), state)
    assert again.resumed_exactly
    assert not again.resumed_note
    fit(again, 45, start=step)
    assert torch.equal(weights(again), weights(whole))
    assert again.env_steps == whole.env_steps
    assert whole.evaluate() == again.evaluate()


def test_without_its_memory_it_plays_before_it_learns_and_says_so(tmp_path):
    given = {"warm_up": 30, "batch": 8, "hidden": 8, "updates": 3, "keep_memory": False}
    task = dqn.build(**given)
    fit(task, 5)
    again = resumed(dqn.build(**given), saved(task, tmp_path / "last.safetensors"))
    assert not again.resumed_exactly
    assert "keep_memory=no" in again.resumed_note
    played = again.env_steps
    fit(again, 6, start=5)
    assert again.env_steps == played + 30
    assert again.memory.lessons == 30


def test_a_copy_plays_elsewhere():
    task = dqn.build(warm_up=30, batch=8, hidden=8, prioritised=True)
    fit(task, 3)
    before, seen = task.env_steps, task.worlds.observations.copy()
    twin = copy.deepcopy(task)
    twin.errors, twin.ahead = list(twin.errors), list(twin.ahead)
    restore = random_state()
    fit(twin, 20, start=3)
    assert task.env_steps == before
    np.testing.assert_array_equal(task.worlds.observations, seen)
    restore_random_state(restore)
    fit(task, 20, start=3)
    assert torch.equal(weights(task), weights(twin))


@pytest.mark.parametrize(
    "settings", [{}, {"updates": 7, "train_every": 13, "worlds": 3, "warm_up": 0}], ids=["one", "three"]
)
def test_the_budget_is_in_steps_of_the_world(settings):
    task = dqn.build(**{"warm_up": 30, "batch": 8, "hidden": 8, "epoch": 100, "epochs": 3, **settings})
    fit(task, task.steps)
    assert 300 - 15 < task.env_steps <= 300
    assert task.left == 0


def test_learns_to_catch_from_pixels():
    task = dqn.build(
        world="catch", options="rows=5,columns=4,size=5,stack=2", trunk="minatar", width=32, lr=2e-3, batch=32,
        warm_up=200, train_every=4, target_every=100, explore=0.6, epoch=1000, epochs=2, episodes=20, clip_rewards=True
    )  # fmt: skip
    assert task.memory.frames.shape[1:] == (5, 5)
    fit(task, task.steps)
    assert task.evaluate()["validation_return"] > 0.7
