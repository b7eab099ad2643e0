"""Tasks that learn by acting, in a world of two answers: healthy ones of every method, and one illness each."""

import warnings
from functools import cache
from pathlib import Path

import numpy as np
import torch

from visus.doctor.checkup import Checkup
from visus.engine.loop import Evaluate, fit
from visus.recipes import a2c, dqn, ppo, reinforce
from visus.tasks._replay import Replay
from visus.tasks.advantage_actor_critic import AdvantageActorCritic

from . import _acting_worlds

WORLD = str(Path(_acting_worlds.__file__))


def signal(**options):
    """The settings of a world that every recipe here takes."""
    return {"world": WORLD, "options": ",".join(f"{name}={value}" for name, value in options.items())}


TINY = {"hidden": 16, "layers": 1, "gamma": 0.8, "episodes": 5}
DQN = {"memory": 2000, "warm_up": 64, "train_every": 2, "lr": 1e-2, "target_every": 40, "epoch": 100}
DQN |= {"epochs": 6, "activation": "tanh"}
A2C = {"worlds": 2, "rollout": 10, "epoch": 200, "epochs": 7, "lr": 1e-2, "activation": "tanh"}
PPO = {"worlds": 2, "rollout": 20, "batch": 20, "passes": 4, "epoch": 120, "epochs": 7, "lr": 3e-3}
REINFORCE = {"steps": 40, "epoch": 200, "epochs": 7, "lr": 1e-2}


def playing(recipe, settings, world=None, kind=None, **changes):
    """A fresh task of a recipe; kind: the class with an illness, of the task or of its memory, in place of its own."""

    def build():
        task = recipe.build(**{**TINY, **settings, **(world or signal()), **changes})
        if kind is not None:
            patient = task.memory if issubclass(kind, Replay) else task
            patient.__class__ = kind
        return task

    return build


# -- illnesses ---------------------------------------------------------------------------------------------------------


class EndsForgotten(Replay):
    """What has ended is learned as if it went on."""

    def read(self, slots):
        steps = super().read(slots)
        return steps._replace(discounts=np.full_like(steps.discounts, self.gamma))


class TimeIsAnEnd(Replay):
    """What a time limit cut is held to be worth nothing more."""

    def read(self, slots):
        steps = super().read(slots)
        return steps._replace(discounts=steps.discounts * ~steps.cut)


class WrongWay(AdvantageActorCritic):
    """The sign of the advantages is lost: what was bad becomes likelier."""

    def surrogate(self, log_probs, lesson):
        return -super().surrogate(log_probs, lesson)


class AllAlike(AdvantageActorCritic):
    def _weighed(self, lesson):
        return super()._weighed(lesson)._replace(advantages=torch.zeros_like(lesson.advantages))


class LearnsNoValues(AdvantageActorCritic):
    """The critic learns the opposite of what was earned."""

    def _value_terms(self, values, lesson):
        return super()._value_terms(values, lesson._replace(returns=-lesson.returns))


# -- tasks -------------------------------------------------------------------------------------------------------------

HEALTHY = {
    "dqn": playing(dqn, DQN),
    "dqn, ends": playing(dqn, DQN, signal(ends=True)),
    "double, duelling, prioritised": playing(dqn, DQN, double=True, duelling=True, prioritised=True, n_steps=3),
    "reinforce": playing(reinforce, REINFORCE),
    "reinforce without a baseline": playing(reinforce, REINFORCE, baseline="none"),
    "a2c": playing(a2c, A2C),
    "a2c, shared": playing(a2c, A2C, shared=True, entropy_weight=0.01, epochs=14),
    "ppo": playing(ppo, PPO),
    "ppo, shared": playing(ppo, PPO, shared=True, entropy_weight=0.01),
}
ILL = {
    "values run away": playing(dqn, DQN, signal(ends=True), EndsForgotten, target_every=4, gamma=0.95),
    "target never copied": playing(dqn, DQN, target_every=10**9),
    "target is the network": playing(dqn, DQN, polyak=1.0),
    "memory of a few steps": playing(dqn, DQN, signal(length=40), memory=40),
    "always at random": playing(dqn, DQN, epsilon=1.0, epsilon_end=1.0),
    "never at random": playing(dqn, DQN, warm_up=0, epsilon=0.0, epsilon_end=0.0),
    "no reward": playing(dqn, DQN, signal(kind="Dark")),
    "time is an end": playing(dqn, DQN, kind=TimeIsAnEnd),
    "the wrong way": playing(a2c, A2C, kind=WrongWay),
    "no values": playing(a2c, A2C, signal(kind="Luck", ends=True), LearnsNoValues, lr=0.1),
    "values of luck": playing(a2c, A2C, signal(kind="Luck", ends=True), lr=0.02),  # no illness, but nothing to earn
    "values a thousand times": playing(a2c, A2C, shared=True, value_weight=1000.0, epochs=14),
    "advantages alike": playing(a2c, A2C, kind=AllAlike),
    "rewards of a hundred": playing(a2c, A2C, signal(scale=100)),
}


def in_a_world_deaf_to_its_seed():
    return playing(a2c, A2C, signal(kind="DeafToItsSeed"))()


def with_rewards_of_thousands():
    return playing(a2c, A2C, signal(scale=5000))()


@cache
def trained(name):
    """The check-up of a whole run."""
    torch.manual_seed(0)
    task, checkup = ({**HEALTHY, **ILL})[name](), Checkup()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(task, task.steps, [checkup, Evaluate(task.steps_per_epoch, [checkup])])
    return checkup
