"""Recipes of tables take any world that can be counted, and refuse the others in one sentence."""

import pytest

from visus.engine.loop import fit
from visus.recipes import _acting, _form, policy_iteration, q_learning, value_iteration
from visus.report.record import Record
from visus.report.sections import training

RECIPES = {"value_iteration": value_iteration, "policy_iteration": policy_iteration, "q_learning": q_learning}
every_recipe = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


@every_recipe
def test_every_setting_is_explained(recipe):
    assert all(field.about for field in _form.fields(recipe.build).values())
    assert recipe.SUBJECT == "acting"


@every_recipe
@pytest.mark.parametrize("world", ["FrozenLake-v1", "CliffWalking-v1", "Taxi-v4"])
def test_learns_in_worlds_of_gymnasium(recipe, world):
    pytest.importorskip("gymnasium")
    task = recipe.build(world=world, epochs=1, episodes=1, options="limit=20")
    fit(task, min(task.steps, 5))
    assert task.evaluate()["validation_length"] <= 20


@every_recipe
def test_a_player_is_rebuilt_from_its_facts(recipe):
    task = recipe.build(epochs=1, episodes=1)
    rebuilt = _acting.rebuild(task.facts)
    rebuilt.load_state_dict(task.model.state_dict())
    assert task.facts["player"] == "table"
    assert rebuilt.observed == task.worlds.observed


@every_recipe
def test_a_world_of_numbers_is_refused(recipe):
    pytest.importorskip("gymnasium")
    with pytest.raises(ValueError, match=r"states that can be counted.*take dqn or ppo"):
        recipe.build(world="CartPole-v1")


@pytest.mark.parametrize("recipe", [value_iteration, policy_iteration], ids=["value_iteration", "policy_iteration"])
def test_a_world_that_keeps_its_rules_to_itself_is_refused_by_exact_methods(recipe, tmp_path):
    file = tmp_path / "silent.py"
    file.write_text(
        "from visus.worlds import grid_world\n"
        "class Silent(grid_world.GridWorld):\n"
        "    def tables(self):\n"
        "        return None\n"
        "def build():\n"
        "    world = grid_world.build()\n"
        "    world.__class__ = Silent\n"
        "    return world\n"
    )
    with pytest.raises(ValueError, match=r"does not tell its rules.*q_learning"):
        recipe.build(world=str(file))
    task = q_learning.build(world=str(file), epochs=1, epoch=50, episodes=1)
    fit(task, task.steps)
    assert "best_value" not in task.evaluate()
    assert task.pictured() == {}


def test_actions_that_are_amounts_are_refused(tmp_path):
    file = tmp_path / "amounts.py"
    file.write_text(
        "import numpy as np\n"
        "from visus.geometry.spaces import Amounts, Observed\n"
        "from visus.worlds._contract import Step, World\n"
        "class One(World):\n"
        "    name = 'one'\n"
        "    observed = Observed((1,), states=1)\n"
        "    actions = Amounts(np.zeros(1, np.float32), np.ones(1, np.float32))\n"
        "    def reset(self, seed):\n"
        "        return np.ones(1, np.float32)\n"
        "    def step(self, action):\n"
        "        return Step(np.ones(1, np.float32), 0.0, True, False, True)\n"
        "def build():\n"
        "    return One()\n"
    )
    with pytest.raises(ValueError, match=r"actions that can be counted.*take ppo"):
        q_learning.build(world=str(file))


def test_an_unknown_setting_or_world_is_refused():
    with pytest.raises(LookupError, match="Did you mean 'grid_world'"):
        value_iteration.build(world="grid_wrld")
    with pytest.raises(ValueError, match=r"method must be one of.*Did you mean 'sarsa'"):
        _form.read(q_learning.build, {"method": "sarza"})


def test_exact_methods_are_looked_at_while_values_spread():
    assert value_iteration.build(epochs=100).evaluated_every == 4
    assert policy_iteration.build(epochs=20).evaluated_every == 1


def test_no_loss_is_drawn_of_a_table():
    def told(objective):
        step = {"event": "metrics", "step": 1, "epoch": 1, "objective": objective, "loss": 0.0, "lr": 0.0}
        return training.gather(Record({"subject": "acting"}, [step, step]))

    assert told("memory") is None
    assert told("policy")["charts"]
