"""A world whose rules are known is solved by the one loop, sweep by sweep, and what is solved can be looked at."""

import copy

import pytest
import torch

from visus.engine.loop import fit
from visus.engine.objective import Memory
from visus.geometry import decisions
from visus.recipes import policy_iteration, value_iteration
from visus.runs import checkpoint
from visus.tasks import _values_drawn


@pytest.mark.parametrize("recipe", [value_iteration, policy_iteration], ids=lambda module: module.__name__)
@pytest.mark.parametrize("options", ["map=russell_norvig", "map=cliff", "map=sutton_barto_3_5,limit=50"])
def test_the_loop_ends_at_the_exact_solution(recipe, options):
    task = recipe.build(options=options, gamma=0.9, epochs=250, episodes=3)
    fit(task, task.steps)
    exact = decisions.value_iteration(task.tables, 0.9)
    torch.testing.assert_close(task.model.q.amax(1), exact.values, rtol=0, atol=1e-9)
    scores = task.evaluate()
    assert next(iter(scores)) == "validation_return"
    assert scores["bellman_residual"] < 1e-9
    assert scores["start_value"] == pytest.approx(scores["policy_value"]) == pytest.approx(scores["best_value"])


def test_each_sweep_is_one_backup_of_all_states():
    task = value_iteration.build(gamma=0.8, epochs=3)
    fit(task, 3)
    values = torch.zeros(12, dtype=torch.float64)
    for _ in range(3):
        values = decisions.backup(task.tables, values, 0.8).amax(1)
    assert torch.equal(task.model.q.amax(1), values)


def test_policies_need_far_fewer_improvements_than_values_need_sweeps():
    scores = {}
    for recipe in (value_iteration, policy_iteration):
        task = recipe.build(options="map=russell_norvig", epochs=8)
        fit(task, task.steps)
        scores[recipe] = task.evaluate()["bellman_residual"]
    assert scores[policy_iteration] < 1e-9 < scores[value_iteration]


def test_a_run_that_is_stopped_goes_on_as_it_would_have(tmp_path):
    whole, first = value_iteration.build(epochs=9), value_iteration.build(epochs=9)
    fit(whole, 9)
    fit(first, 4)
    checkpoint.save(tmp_path / "at", {"task": first.state_dict(), "ongoing": first.ongoing()})
    state, second = checkpoint.load(tmp_path / "at"), value_iteration.build(epochs=9)
    second.load_state_dict(state["task"])
    second.go_on(state["ongoing"])
    fit(second, 9, start=4)
    assert torch.equal(second.model.q, whole.model.q)


def test_nothing_descends_and_a_copy_leaves_the_original_alone():
    task = value_iteration.build(epochs=5)
    assert all(isinstance(objective, Memory) for objective in task.objectives)
    fit(copy.deepcopy(task), 5)
    assert not task.model.q.any()
    assert task.env_steps == 0


def test_what_is_played_is_what_the_tables_promise():
    """Without dice the return of an episode, discounted, is the start's value."""
    task = policy_iteration.build(options="map=cliff", gamma=0.97, epochs=40)
    fit(task, task.steps)
    scores = task.evaluate()
    assert scores["validation_return"] == -13
    assert scores["start_value"] == pytest.approx(-sum(0.97**t for t in range(13)))


# pictures


def solved(options="map=russell_norvig"):
    task = policy_iteration.build(options=options, epochs=10)
    fit(task, task.steps)
    return task


def test_pictures_have_a_cell_for_each_state():
    found = solved().pictured()
    cell = _values_drawn.CELL
    assert list(found) == ["values", "action_values"]
    for picture in found.values():
        assert picture.shape == (1, 3, 3 * cell + 1, 4 * cell + 1)
        assert picture.dtype == torch.uint8


def test_a_cell_is_the_bluer_the_more_it_is_worth_and_walls_are_dark():
    task = solved()
    (picture,) = task.pictured()["values"].int()
    cell = _values_drawn.CELL
    corner = {state: picture[:, (state // 4) * cell + 4, (state % 4) * cell + 4] for state in range(12)}
    values = task.model.q.amax(1)
    reds = sorted((int(corner[state][0]), -round(float(values[state]), 2)) for state in (0, 1, 2, 4, 6, 8, 9, 10, 11))
    assert [value for _, value in reds] == sorted(value for _, value in reds)
    assert tuple(corner[5].tolist()) == _values_drawn.GROUND["#"]
    assert tuple(corner[3].tolist()) == _values_drawn.GROUND["G"]


def test_losses_are_orange_and_gains_blue():
    red, _, blue = _values_drawn._shade(-1.0)
    assert red > blue
    red, _, blue = _values_drawn._shade(1.0)
    assert red < blue


def test_nothing_is_drawn_where_states_do_not_lie_in_cells():
    pytest.importorskip("gymnasium")
    assert value_iteration.build(world="Taxi-v4", epochs=1, episodes=1).pictured() == {}


def test_actions_without_a_direction_get_no_triangles():
    task = solved()
    task.ground = _values_drawn.ground(task.worlds.layout(), task.tables, ("jump", "wait", "sing", "left"))
    assert list(task.pictured()) == ["values"]
