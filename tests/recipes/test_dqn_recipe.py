"""The recipe of deep Q-learning: every preset builds, and what cannot be is said in a sentence."""

import pytest
import torch

from visus import recipes
from visus.engine import catalogue
from visus.recipes import _acting, _form, dqn

PRESETS = {"dqn_cartpole": 50_000, "dqn_acrobot": 100_000, "dqn_lunar_lander": 100_000, "dqn_pong": 1_000_000}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_builds_with_its_budget(name):
    if name == "dqn_pong":
        pytest.importorskip("ale_py", reason="Atari needs ale-py, which is not a dependency")
    module = catalogue.find(recipes, name)
    settings = _form.resolved(module.build, {})
    assert settings["epochs"] * settings["epoch"] == PRESETS[name]
    assert module.SUBJECT == _acting.SUBJECT
    task = module.build(memory=5000, arithmetic="float32")
    rounds = task.steps / settings["updates"]
    played = max(settings["warm_up"], settings["train_every"]) + (rounds - 1) * settings["train_every"]
    assert PRESETS[name] - settings["train_every"] < played <= PRESETS[name]
    observations = torch.from_numpy(task.worlds.observations)
    assert torch.equal(_rebuilt(task).act(observations), task.model.act(observations))


def _rebuilt(task):
    player = _acting.rebuild(task.facts)
    player.load_state_dict(task.model.state_dict())
    return player


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"trunk": "mpl"}, r"no 'mpl' in trunks. Did you mean 'mlp'\?"),
        ({"hiden": 3}, r"mlp has no setting 'hiden'. Did you mean 'hidden'\?"),
        ({"world": "Pendulum-v1"}, "an action is a number.*visus train ppo"),
        ({"memory": 3}, "a memory of 3 for 1 worlds? holds"),
        ({"trunk": "dqn_2015"}, "needs pictures"),
    ],
)
def test_says_what_cannot_be(given, words):
    with pytest.raises((ValueError, LookupError), match=words):
        dqn.build(**given)


def test_exploration_falls_over_its_share_of_the_run():
    task = dqn.build(epoch=100, epochs=10, explore=0.5, epsilon=0.8, epsilon_end=0.2, hidden=8)
    assert [round(task.epsilon(step), 6) for step in (0, 250, 500, 1000)] == [0.8, 0.5, 0.2, 0.2]


def test_the_drawing_by_error_is_made_up_for_at_the_end():
    task = dqn.build(epoch=100, epochs=10, prioritised=True, beta=0.4, hidden=8)
    assert [round(task.beta(step), 6) for step in (0, 500, 1000)] == [0.4, 0.7, 1.0]
