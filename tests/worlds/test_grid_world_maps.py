"""The grid world against the values printed in the textbooks."""

import numpy as np
import pytest

from visus.worlds import corridor, grid_world
from visus.worlds._open import opener


def values(world, gamma):
    """Optimal values by a plain loop over states and actions, as the textbook writes them."""
    tables = world.tables()
    moves, rewards, ends = tables.moves.numpy(), tables.rewards.numpy(), tables.ends.numpy()
    V = np.zeros(len(ends))
    for _ in range(500):
        V = np.where(ends, 0.0, (rewards + gamma * moves @ V).max(1))
    return V.reshape(world.layout().cells)


def test_russell_and_norvigs_utilities():
    found = values(opener("grid_world")(), 1.0).round(3).tolist()
    assert found == [[0.812, 0.868, 0.918, 0], [0.762, 0, 0.66, 0], [0.705, 0.655, 0.611, 0.388]]


def test_sutton_and_bartos_example_3_8():
    found = values(opener("grid_world", "map=sutton_barto_3_5")(), 0.9)
    np.testing.assert_allclose(found[0], [22.0, 24.4, 22.0, 19.4, 17.5], atol=0.05)
    np.testing.assert_allclose(found[4], [14.4, 16.0, 14.4, 13.0, 11.7], atol=0.05)


def test_even_play_in_sutton_and_bartos_example_4_1():
    tables = opener("grid_world", "map=sutton_barto_4_1")().tables()
    moves, rewards = tables.moves.numpy().mean(1), tables.rewards.numpy().mean(1)
    on = ~tables.ends.numpy()
    V = np.zeros(16)
    V[on] = np.linalg.solve(np.eye(on.sum()) - moves[np.ix_(on, on)], rewards[on])
    np.testing.assert_allclose(V.reshape(4, 4)[0], [0, -14, -20, -22], atol=1e-9)


def test_the_best_way_along_the_cliff_costs_13():
    assert values(opener("grid_world", "map=cliff")(), 1.0)[3, 0] == -13


def test_who_steps_into_the_cliff_stands_at_the_start():
    world = opener("grid_world", "map=cliff")()
    world.reset(0)
    fallen = world.step(grid_world.ACTIONS.index("right"))
    assert fallen.reward == -100
    assert not fallen.over
    assert fallen.observation.argmax() == 36


def test_a_map_can_be_typed():
    world = opener("grid_world", "map=S.G/.#P,step=-0.5")()
    assert world.layout().rows == ("S.G", ".#P")
    assert values(world, 1.0).tolist() == [[0, 0.5, 0], [-0.5, 0, 0]]
    world.reset(0)
    steps = [world.step(1), world.step(1)]
    assert [step.reward for step in steps] == [-0.5, 0.5]
    assert steps[1].ended


def test_a_slip_goes_sideways_by_half_each_way():
    tables = opener("grid_world", "map=.../.../...,slip=0.4")().tables()
    up = tables.moves[4, grid_world.ACTIONS.index("up")].reshape(3, 3)
    np.testing.assert_allclose(up, [[0, 0.6, 0], [0.2, 0, 0.2], [0, 0, 0]])


def test_episodes_can_begin_anywhere_one_can_stand():
    world = opener("grid_world", "start=anywhere")()
    begun = {int(world.reset(seed).argmax()) for seed in range(200)}
    assert begun == {0, 1, 2, 4, 6, 8, 9, 10, 11}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("map=clif", r"no map 'clif' of the grid world\. Did you mean 'cliff'\?"),
        ("map=S.G/..", r"rows of a map have one length; got 3, 2"),
        ("map=SxG/...", r"got 'x'"),
        ("map=###/###", r"no cell to stand in"),
        ("slip=2", r"slip is a chance between 0 and 1; got 2"),
        ("limit=-1", r"0 for none; got -1"),
        ("start=here", r"must be one of map, anywhere; got 'here'"),
    ],
    ids=["unknown", "ragged", "letter", "walls", "slip", "limit", "start"],
)
def test_a_map_that_cannot_be_is_refused_in_a_sentence(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        opener("grid_world", options)


def test_in_the_corridor_far_is_better_only_to_the_patient():
    world = corridor.build(length=10)
    assert values(world, 0.99)[0, 1] == pytest.approx(0.99**9)
    assert values(world, 0.7)[0, 1] == pytest.approx(0.1)
