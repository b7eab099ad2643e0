"""Recipes of policy gradients: every preset can be built, within its budget, and what cannot be is one sentence."""

import importlib.util
import inspect

import pytest
import torch

from visus import recipes
from visus.engine import catalogue
from visus.engine.loop import fit
from visus.recipes import _acting, _form

GENERAL = ("a2c", "ppo", "reinforce")
PRESETS = [name for name in catalogue.names(recipes) if name.startswith(tuple(f"{kind}_" for kind in GENERAL))]
BUDGETS = {
    "a2c_cartpole": 500_000,
    "ppo_acrobot": 1_000_000,
    "ppo_cartpole": 100_000,
    "ppo_lunar_lander": 1_000_000,
    "ppo_pendulum": 100_000,
    "ppo_pong": 10_000_000,
    "reinforce_cartpole": 500_000,
}
NEEDS = {"ppo_pong": "ale_py", "ppo_lunar_lander": "Box2D"}  # what a world is made of, besides gymnasium


def build(name, **typed):
    found = catalogue.find(recipes, name).build
    return found(**_form.read(found, {key: str(value) for key, value in typed.items()}))


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_built_and_stays_within_the_steps_that_others_need(name):
    if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")
    small = {"worlds": 1, "rollout": 2048} if name == "ppo_pong" else {}
    task = build(name, **small)
    improvements = task.passes * task.parts
    steps = task.rollout * task.worlds.n if hasattr(task, "rollout") else task.per_batch
    assert task.steps / improvements * steps <= BUDGETS[name]
    assert task.steps % task.steps_per_epoch == 0
    assert task.facts["tells"] == recipes._acting.SUBJECT == catalogue.find(recipes, name).SUBJECT


@pytest.mark.parametrize("name", GENERAL)
def test_every_setting_says_what_it_is(name):
    found = catalogue.find(recipes, name).build
    own = {key: field for key, field in _form.own_fields(found).items() if not field.about}
    assert not own
    assert inspect.signature(found).parameters["world"].default == "CartPole-v1"


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("reinforce", {"baseline": "mean", "steps": 30}),
        ("reinforce", {"baseline": "value", "shared": "yes", "steps": 30}),
        ("a2c", {"world": "grid_world", "activation": "tanh"}),
        (
            "ppo",
            {"world": "catch", "options": "size=12", "trunk": "minatar", "shared": "yes", "rollout": 8, "batch": 64},
        ),
        (
            "ppo",
            {"world": "reach", "options": "dims=2", "squash": "yes", "normalise": "yes", "rollout": 8, "batch": 64},
        ),
    ],
    ids=str,
)
def test_what_was_trained_is_rebuilt_from_its_facts(name, typed):
    task = build(name, epoch=100, epochs=1, episodes=1, device="cpu", **typed)
    fit(task, 2)
    again = _acting.rebuild(task.facts)
    again.load_state_dict(task.model.state_dict())
    seen = torch.from_numpy(task.worlds.observations)
    with torch.no_grad():
        assert torch.equal(again.act(seen), task.player.act(seen))


def test_the_clip_and_the_rate_fall_together():
    task = build("ppo", anneal_clip="yes", schedule="linear", rollout=8, epoch=64, epochs=4, device="cpu")
    (_, actor), half = task.objectives, task.steps // 2
    assert task.clip * task.clip_course(half) == pytest.approx(0.1)
    assert actor.schedule(half) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("ppo", {"world": "CartPole-v9"}, "CartPole-v"),
        ("ppo", {"trunk": "mpl"}, "Did you mean 'mlp'"),
        ("ppo", {"squash": "perhaps"}, "yes or no"),
        ("ppo", {"hiden": 3}, "Did you mean 'hidden'"),
        ("ppo", {"trunk": "dqn_2015"}, "take trunk=mlp"),
        ("ppo", {"world": "catch", "trunk": "dqn_2015", "normalise": "yes"}, "leave normalise out"),
        ("ppo", {"worlds": 0}, "between 1 and 1024"),
        ("reinforce", {"baseline": "mean", "shared": "yes"}, "leave them out"),
        ("reinforce", {"shared": "yes", "critic_steps": 3}, "leave critic_steps out"),
        ("reinforce", {"baseline": "best"}, "none, mean, value"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_in_one_sentence(name, typed, said):
    with pytest.raises((LookupError, ValueError), match=said):
        build(name, **typed)
