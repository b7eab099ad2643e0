"""REINFORCE, A2C and PPO as tasks: what they learn from, what they learn, and that a stop changes nothing."""

import copy
from itertools import islice

import numpy as np
import pytest
import torch

from visus.engine.loop import fit
from visus.geometry.spaces import Choices, Observed
from visus.losses.returns import discounted_returns
from visus.models.players import actor, actor_critic
from visus.recipes import a2c, ppo, reinforce
from visus.recipes._acting import TRAINED
from visus.runs.recorder import Recorder
from visus.tasks._on_policy import Lesson
from visus.tasks.ppo import PPO
from visus.tasks.reinforce import Reinforce
from visus.worlds._contract import Step, World
from visus.worlds._side_by_side import SideBySide


class Counting(World):
    """Shows how many steps were made; earns 1 for action 1. Is cut after `limit` steps, or ends at `end`."""

    name = "counting"
    observed, actions = Observed((1,)), Choices(2)

    def __init__(self, limit=4, end=100, lives=()):
        self.limit, self.end, self.lives, self.at = limit, end, lives, 0

    def reset(self, seed):
        self.at = 0
        return np.zeros(1, np.float32)

    def step(self, action):
        self.at += 1
        ended, cut = self.at == self.end, self.at == self.limit
        return Step(np.full(1, self.at, np.float32), float(action), ended or self.at in self.lives, cut, ended or cut)


def descend(lr=1e-2):
    return lambda groups, _: torch.optim.SGD(groups, lr=lr)


def task_of(kind=PPO, make=Counting, worlds=1, critic=True, **settings):
    torch.manual_seed(0)
    model = (actor_critic if critic else actor).build(Counting.observed, Counting.actions, hidden=8)
    sides = [SideBySide(make, n, 0, stream) for n, stream in ((worlds, TRAINED), (1, 1))]
    usual = {"descents": ({"lr": 1e-2}, {"lr": 1e-2}), "gamma": 0.9, "episodes": 1}
    usual |= {"steps": 8} if kind is Reinforce else {"rollout": 8}
    return kind(model, *sides, descend(), **usual | settings)


def first(task) -> Lesson:
    return Lesson(*next(iter(task.batches())))


TINY = {"hidden": 8, "seed": 3, "device": "cpu", "episodes": 1}
BUILDS = {
    "reinforce": lambda: reinforce.build(steps=20, critic_steps=3, epoch=40, epochs=9, **TINY),
    "reinforce alone": lambda: reinforce.build(steps=30, baseline="mean", worlds=2, epoch=60, epochs=20, **TINY),
    "a2c": lambda: a2c.build(worlds=3, rollout=5, epoch=60, epochs=9, schedule="linear", **TINY),
    "ppo": lambda: ppo.build(
        worlds=2, rollout=16, passes=3, batch=8, epoch=64, epochs=2, anneal_clip=True, schedule="linear", **TINY
    ),
    "ppo, amounts": lambda: ppo.build(
        world="reach",
        worlds=2,
        rollout=16,
        passes=2,
        batch=16,
        normalise=True,
        target_kl=1e-3,
        epoch=64,
        epochs=6,
        **TINY,
    ),
}


@pytest.mark.parametrize("name", BUILDS)
def test_a_run_that_is_stopped_anywhere_goes_on_as_if_it_had_not_been(name, tmp_path):
    whole = BUILDS[name]()
    fit(whole, 17)
    for stop in (1, 7):
        begun = BUILDS[name]()
        fit(begun, stop)
        (tmp_path / str(stop)).mkdir()
        Recorder(tmp_path / str(stop)).save(begun, stop)
        torch.rand(3)  # the state of chance is in the checkpoint
        resumed = BUILDS[name]()
        assert Recorder(tmp_path / str(stop)).resume(resumed) == stop
        fit(resumed, 17, start=stop)
        assert resumed.resumed_exactly
        assert resumed.env_steps == whole.env_steps
        for key, value in whole.state_dict().items():
            assert torch.equal(value, resumed.state_dict()[key]), (stop, key)


@pytest.mark.parametrize("name", BUILDS)
def test_a_copy_learns_by_itself(name):
    task = BUILDS[name]()
    fit(task, 5)
    before = copy.deepcopy(task.ongoing()), {key: value.clone() for key, value in task.state_dict().items()}
    other = copy.deepcopy(task)
    fit(other, 12, start=5)
    other.evaluate()
    after = task.ongoing()
    assert after["worlds"] == before[0]["worlds"]
    assert after["position"] == before[0]["position"]
    assert all(torch.equal(value, before[1][key]) for key, value in task.state_dict().items())


@pytest.mark.parametrize("name", BUILDS)
def test_asking_for_a_loss_changes_nothing_and_scores_are_finite_numbers(name):
    task = BUILDS[name]()
    fit(task, 4)
    batch = next(iter(task.batches(4)))
    state, chance = copy.deepcopy(task.state_dict()), torch.get_rng_state()
    losses = [{k: v.item() for k, v in o.loss(batch).items()} for o in task.objectives for _ in range(2)]
    assert losses[::2] == losses[1::2]
    assert torch.equal(chance, torch.get_rng_state())
    assert all(torch.equal(value, state[key]) for key, value in task.state_dict().items())
    scores = task.evaluate()
    assert next(iter(scores)) == "validation_return"
    assert all(isinstance(value, float) and np.isfinite(value) for value in scores.values())
    assert {"entropy", "approx_kl"} <= scores.keys()


@pytest.mark.parametrize("lives", [(), (2,)], ids=["one life", "a life lost"])
@pytest.mark.parametrize("kind", [PPO, Reinforce])
def test_a_time_limit_is_bootstrapped_and_an_end_is_not(kind, lives):
    cut = first(task_of(kind, lambda: Counting(lives=lives), **{"gae_lambda": 1.0} if kind is PPO else {}))
    end = first(
        task_of(kind, lambda: Counting(limit=99, end=4, lives=lives), **{"gae_lambda": 1.0} if kind is PPO else {})
    )
    task = task_of(kind)
    beyond = 0.9 * task.model.values(torch.full((1, 1), 4.0)).item()
    assert cut.cut.tolist() == [False, False, False, True] * 2
    assert not end.cut.any()
    assert end.ended[3]
    assert not cut.ended[3]
    assert torch.equal(cut.drawn, end.drawn)
    rewards = cut.drawn.float()
    assert cut.returns[3].item() == pytest.approx((rewards[3] + beyond).item(), abs=1e-6)
    assert end.returns[3].item() == pytest.approx(rewards[3].item(), abs=1e-6)
    whole = discounted_returns(rewards[2 * bool(lives) : 4], 0.9)[0]
    assert end.returns[2 * bool(lives)].item() == pytest.approx(whole.item(), abs=1e-6)


def test_every_later_episode_begins_where_the_one_before_was_over():
    lesson = first(task_of(worlds=2, rollout=6))
    seen = lesson.observations.view(6, 2)
    assert seen[:, 0].tolist() == [0, 1, 2, 3, 0, 1]


def test_before_the_first_step_nothing_is_likelier_than_when_it_was_drawn():
    task = task_of(passes=2, parts=2, entropy_weight=0.1)
    for batch in islice(task.batches(), 4):
        lesson = Lesson(*batch)
        torch.testing.assert_close(
            task.actor.distribution(lesson.observations).log_prob(lesson.drawn), lesson.log_probs
        )


def test_each_pass_takes_every_step_once_in_an_order_of_its_own():
    task = task_of(passes=3, parts=2, make=lambda: Counting(limit=99))
    lessons = [Lesson(*batch) for batch in islice(task.batches(), 6)]
    passes = [torch.cat([lesson.observations for lesson in lessons[i : i + 2]]).flatten().tolist() for i in (0, 2, 4)]
    assert all(sorted(each) == list(range(8)) for each in passes)
    assert len({tuple(each) for each in passes}) == 3


def test_a_rollout_is_left_when_the_policy_has_gone_far_enough():
    task = task_of(passes=50, target_kl=1e-9)
    far = Lesson(*next(iter(task.batches())))
    task.objectives[1].improve(far)
    assert task.enough()
    played = task.env_steps
    next(iter(task.batches(1)))
    assert task.env_steps == played + 8
    assert task.position == 1


def test_parts_of_a_batch_that_is_cut_to_save_memory_have_the_gradient_of_the_whole():
    whole, pieces = task_of(standardise=True), task_of(standardise=True)
    for objective in pieces.objectives:
        objective.accumulate = 3
    for task in (whole, pieces):
        torch.manual_seed(1)
        fit(task, 1)
    for ours, theirs in zip(whole.parameters(), pieces.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("togo", [True, False])
@pytest.mark.parametrize("baseline", ["none", "mean", "value"])
def test_reinforce_weighs_actions_by_what_it_says(togo, baseline):
    task = task_of(Reinforce, togo=togo, baseline=baseline, critic=baseline == "value", steps=8)
    lesson = first(task)
    rewards = lesson.rewards
    if baseline == "value":
        rewards = rewards + torch.where(lesson.cut, 0.9 * task.model.values(torch.full((8, 1), 4.0)).detach(), 0)
    returns = torch.cat([discounted_returns(rewards[:4], 0.9), discounted_returns(rewards[4:], 0.9)])
    torch.testing.assert_close(lesson.returns, returns)
    weights = returns if togo else returns[[0, 0, 0, 0, 4, 4, 4, 4]]
    off = {"none": 0.0, "mean": weights.mean(), "value": lesson.values}[baseline]
    torch.testing.assert_close(lesson.advantages, weights - off)


def test_reinforce_plays_whole_episodes_and_on_average_as_many_steps_as_it_was_told():
    task = task_of(Reinforce, steps=10)
    lengths = [len(batch[0]) for batch in islice(task.batches(), 6)]
    assert lengths == [12, 8, 12, 8, 12, 8]
    assert task.env_steps == 60
    assert not any(task.begun)


def test_the_actor_improves_once_while_its_critic_improves_often():
    task = task_of(Reinforce, critic_steps=5)
    fit(task, 10)
    assert [objective.improvements for objective in task.objectives] == [10, 2]


def test_actor_and_critic_that_share_a_trunk_are_one_objective():
    torch.manual_seed(0)
    model = actor_critic.build(Counting.observed, Counting.actions, hidden=8, shared=True)
    sides = [SideBySide(Counting, 1, 0, stream) for stream in (0, 1)]
    task = PPO(model, *sides, descend(), descents=({"lr": 1e-2},) * 2, rollout=8, entropy_weight=0.01)
    (objective,) = task.objectives
    assert list(objective.loss(next(iter(task.batches())))) == ["policy", "entropy", "value"]


@pytest.mark.parametrize("name", ["ppo", "a2c", "reinforce"])
def test_it_learns_which_arm_is_best(name):
    kind = {"ppo": ppo, "a2c": a2c, "reinforce": reinforce}[name]
    own = {"ppo": {"rollout": 16, "batch": 64, "passes": 4}, "a2c": {"worlds": 8}, "reinforce": {"steps": 40}}[name]
    task = kind.build(world="bandit", options="arms=4", lr=2e-2, epoch=500, epochs=4, **own, **TINY)
    fit(task, task.steps)
    best = int(task.worlds.worlds[0].means.argmax())
    seen = torch.from_numpy(task.judged.observations)
    assert task.actor.distribution(seen).probs[0, best] > 0.8


def test_amounts_learn_to_reach_a_point():
    task = ppo.build(
        world="reach", rollout=32, batch=128, lr=3e-3, gamma=0.9, epoch=2048, epochs=2, hidden=32, device="cpu"
    )
    before = task.evaluate()["validation_return"]
    fit(task, task.steps)
    assert task.evaluate()["validation_return"] > max(-0.6, before + 1)


def test_values_as_a_baseline_need_a_player_that_tells_them():
    with pytest.raises(ValueError, match="take an actor_critic"):
        task_of(Reinforce, baseline="value", critic=False)
