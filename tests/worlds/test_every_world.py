"""What every world promises, those of the folder and of Gymnasium alike; a new file is tested without being named."""

import json

import numpy as np
import pytest

from visus import worlds
from visus.engine import catalogue
from visus.geometry.spaces import Choices, actions_from, observed_from
from visus.worlds._contract import World
from visus.worlds._examine import examine
from visus.worlds._open import opener
from visus.worlds._side_by_side import SideBySide

OURS = catalogue.names(worlds)
THEIRS = ["CartPole-v1", "Acrobot-v1", "LunarLander-v3", "Pendulum-v1", "FrozenLake-v1", "Blackjack-v1", "Taxi-v4"]
ALL = [*OURS, *THEIRS]


@pytest.fixture(params=ALL)
def make(request):
    return opener(request.param)


def played(world, seed, steps=40):
    """What an episode shows when its actions are drawn from a seed."""
    dice = np.random.default_rng(seed)
    found = [(world.reset(seed), 0.0, False, False, False)]
    while len(found) <= steps and not found[-1][4]:
        action = world.actions.drawn(1, dice)[0]
        found.append(tuple(world.step(int(action) if isinstance(world.actions, Choices) else action)))
    return found


def test_random_play_finds_nothing_wrong_with_it(make):
    assert examine(make) == []


def test_shows_what_it_promises(make):
    world = make()
    assert isinstance(world, World)
    assert world.name
    assert world.fps > 0
    for seen, reward, ended, cut, over in played(world, 3):
        assert seen.shape == world.observed.shape
        assert seen.dtype == np.dtype(world.observed.dtype)
        assert isinstance(reward, float)
        assert over == (ended or cut)
        assert not (ended and cut)


def test_an_episode_is_a_function_of_its_seed_whatever_was_before(make):
    once, again = make(), make()
    played(again, 11)
    for (seen, *rest), (same, *others) in zip(played(once, 5), played(again, 5), strict=True):
        np.testing.assert_array_equal(seen, same)
        assert rest == others


def test_what_it_is_survives_json(make):
    world = make()
    facts = json.loads(json.dumps([world.observed.facts(), world.actions.facts()]))
    assert observed_from(facts[0]) == world.observed
    assert actions_from(facts[1]).facts() == world.actions.facts()


def test_is_drawn_or_says_that_it_cannot_be(make):
    world = make()
    world.reset(0)
    if type(world).picture is World.picture:
        with pytest.raises(ValueError, match="cannot be drawn"):
            world.picture()
        return
    picture = world.picture()
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 3
    assert picture.std() > 0
    world.close()


def test_a_limit_cuts_and_does_not_end(make):
    world = make()
    if not world.limit:
        pytest.skip("it has no limit")
    dice = np.random.default_rng(0)
    for seed in range(3):
        world.reset(seed)
        steps, found = 0, None
        while steps < world.limit and not (found and found.over):
            steps += 1
            action = world.actions.drawn(1, dice)[0]
            found = world.step(int(action) if isinstance(world.actions, Choices) else action)
        assert found.over
        assert found.cut == (steps == world.limit and not found.ended)


def test_tables_are_a_decision_process_of_its_states(make):
    world = make()
    tables = world.tables()
    if tables is None:
        pytest.skip("its chances are not known")
    S, A = world.observed.states, world.actions.n
    assert tables.moves.shape == (S, A, S)
    assert tables.rewards.shape == (S, A)
    np.testing.assert_allclose(tables.moves.sum(2), 1.0, atol=1e-12)
    assert float(tables.start.sum()) == pytest.approx(1.0)
    assert not (tables.start > 0)[tables.ends].any()
    assert (tables.rewards[tables.ends] == 0).all()
    for state in np.flatnonzero(tables.ends):
        assert (tables.moves[state, :, state] == 1).all()


def test_play_follows_its_tables(make):
    world = make()
    tables = world.tables()
    if tables is None or world.observed.states > 100:
        pytest.skip("its chances are not known, or too many to count")
    moves, rewards = tables.moves.numpy(), tables.rewards.numpy()
    counted, earned = np.zeros_like(moves), np.zeros_like(rewards)
    side_by_side = SideBySide(make, 4, seed=2)
    dice = np.random.default_rng(0)
    for _ in range(2500):
        states = side_by_side.observations.argmax(1)
        assert not tables.ends[states].any()
        actions = dice.integers(0, world.actions.n, 4)
        found = side_by_side.step(actions)
        after = found.reached.argmax(1)
        np.testing.assert_array_equal(found.ended, tables.ends[after].numpy())
        np.add.at(counted, (states, actions, after), 1)
        np.add.at(earned, (states, actions), found.rewards)
    assert not counted[moves == 0].any(), "it went where its tables say that none goes"
    tried = counted.sum(2)
    seen = tried >= 40
    assert seen.any()
    shares = counted[seen] / tried[seen][:, None]
    assert np.abs(shares - moves[seen]).max() < 5 * np.sqrt(0.25 / tried[seen].min())
    spread = 5 * max(1.0, getattr(world, "noise", 0.0)) / np.sqrt(tried[seen].min())
    assert np.abs(earned[seen] / tried[seen] - rewards[seen]).max() < spread


def test_a_map_has_a_cell_for_each_state(make):
    world = make()
    layout = world.layout()
    if layout is None:
        pytest.skip("it has no map")
    rows, columns = layout.cells
    assert rows * columns == world.observed.states
    assert [layout.cell(state) for state in (0, columns - 1)] == [(0, 0), (0, columns - 1)]
    assert {len(row) for row in layout.rows} == {columns}


@pytest.mark.parametrize("name", OURS)
def test_refuses_an_option_it_does_not_have(name):
    with pytest.raises(ValueError, match=f"{name} has no option 'colour'"):
        opener(name, "colour=red")
