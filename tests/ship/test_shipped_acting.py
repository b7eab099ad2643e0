"""A player on disk: how it acts, plays and is filmed, and what it refuses."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from visus.geometry.spaces import Amounts, Choices, Observed
from visus.models.players._contract import Player
from visus.recipes import _acting
from visus.runs import film
from visus.ship import model as ship
from visus.ship.kinds import acting
from visus.ship.kinds.acting import Agent
from visus.ship.opened import opened, told_by
from visus.ship.reel import reel, returns_to_go
from visus.worlds import _episodes
from visus.worlds._open import opener
from visus.worlds._side_by_side import SideBySide

LINE = '''"""A line: one to the left or right, over at both ends, of which the right one is better."""

import numpy as np

from visus.geometry.spaces import Choices, Observed
from visus.worlds._contract import Step, World


class Line(World):
    name, fps = "the line", 5.0
    observed, actions = Observed((2,)), Choices(2, ("left", "right"))

    def __init__(self, limit, sides):
        self.limit, self.sides = limit, sides

    def reset(self, seed):
        self.place, self.steps = int(np.random.default_rng(seed).integers(1, 9)), 0
        return self._seen()

    def step(self, action):
        self.steps += 1
        self.place += 2 * int(action) - 1
        ended = self.place in (0, 9)
        cut = not ended and self.steps == self.limit
        return Step(self._seen(), float(self.place == 9) - 0.25, ended, cut, ended or cut)

    def picture(self):
        found = np.zeros((self.sides, 10 * self.sides, 3), np.uint8)
        found[:, self.place * self.sides : (self.place + 1) * self.sides] = 255
        return found

    def _seen(self):
        return np.array([self.place / 10, 1], np.float32)


def build(limit: int = 20, sides: int = 8):
    return Line(limit, sides)
'''


class Steady(Player):
    """Goes right where the weighted observation is above 0; draws evenly where it is asked to draw."""

    def __init__(self, observed=None, actions=None):
        super().__init__()
        self.observed, self.actions = observed, actions
        self.weight = torch.nn.Parameter(torch.zeros(2))

    def act(self, observations, dice=None):
        if dice is not None:
            return torch.randint(0, 2, (len(observations),), generator=dice)
        return (observations @ self.weight > 0).long()


class Valued(Steady):
    def values(self, observations):
        return observations[:, 0] * 10


class ActionValued(Steady):
    def action_values(self, observations):
        return torch.stack([observations[:, 0], 2 - observations[:, 0]], 1)


class Amounted(Steady):
    def act(self, observations, dice=None):
        return observations * 2


@pytest.fixture
def line(tmp_path):
    (tmp_path / "line.py").write_text(LINE)
    return str(tmp_path / "line.py")


def facts(world, **more):
    return {
        "tells": "acting",
        "player": "steady",
        "settings": {},
        "observed": Observed((2,)).facts(),
        "actions": Choices(2, ("left", "right")).facts(),
        "world": world,
        "options": "",
        "gamma": 0.5,
        **more,
    }


def agent(world, kind=Steady, weight=(0.0, 1.0), **more):
    player = kind()
    player.weight.data = torch.tensor(weight)
    return Agent(player, facts(world, **more))


class Trained:
    def __init__(self, model, known):
        self.model, self.facts = model, known


@pytest.fixture
def folder(tmp_path, line, monkeypatch):
    """A run folder with a stand-in that always goes right, rebuilt as the shipped facts describe it."""
    monkeypatch.setattr(_acting, "rebuild", lambda known: Steady())
    acting.save(tmp_path, Trained(agent(line).player, facts(line)), {}, {"train": {"best": 0.25}})
    return tmp_path


def test_what_is_loaded_is_what_was_saved(folder, line):
    found = opened(folder)
    assert told_by(folder) == "acting"
    assert isinstance(found, Agent)
    assert found.player.weight.tolist() == [0.0, 1.0]
    assert not found.player.training
    assert (found.world, found.gamma) == (line, 0.5)
    assert str(found) == f"steady that plays {line}"
    card = (folder / "model" / "card.md").read_text(encoding="utf-8")
    for said in ("`steady`", "sees 2 numbers", "one of 2 actions: left, right", "Validation: mean return 0.25"):
        assert said in card


def test_a_table_is_rebuilt_from_its_facts_alone(tmp_path):
    worlds = SideBySide(opener("grid_world"))
    known = _acting.player_facts("table", worlds, _acting.Stage(world="grid_world"), {})
    player = _acting.rebuild(known)
    player.q[0, 2] = 3.0
    acting.save(tmp_path, Trained(player, known), {}, {})
    found = opened(tmp_path)
    first = np.eye(worlds.observed.states, dtype=np.float32)[0]
    assert found.act(first) == 2
    assert found.values(first).tolist() == [3.0]
    assert len(found.play(2)) == 2
    assert f"one of {worlds.observed.states} states" in (tmp_path / "model" / "card.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("more", "stages", "said"),
    [
        (
            {},
            {"test": {"n": 100, "said": "mean return 481"}},
            "On 100 episodes that it was not trained on: mean return",
        ),
        ({}, {}, "Not measured yet."),
        ({}, {"baselines": {"random_play": 21.5, "note": "x"}}, "random play 21.5."),
        ({"options": "limit=3"}, {}, "(limit=3)"),
        ({"observed": Observed((4, 84, 84), "uint8", stacked=4).facts()}, {}, "84 x 84 pixels, 4 frames"),
        ({"actions": Amounts(np.zeros(1), np.ones(1)).facts()}, {}, "sets 1 amount."),
    ],
    ids=["tested", "fresh", "baselines", "options", "frames", "amounts"],
)
def test_the_card_tells_what_is_known(more, stages, said):
    assert said in acting.card("run", facts("Some-v0", **more), stages)


def test_a_player_is_no_classifier(folder):
    with pytest.raises(ValueError, match="use `visus play`"):
        ship.load(folder)


def test_what_is_damaged_or_something_else_is_said_in_one_sentence(folder):
    (folder / "model" / "weights.safetensors").write_bytes(b"no")
    with pytest.raises(ValueError, match="damaged"):
        opened(folder)
    ship.save(folder, Steady(), {**facts("x"), "tells": "text"}, "")
    with pytest.raises(ValueError, match="plays nothing"):
        acting.load(folder)


def test_one_observation_has_one_action_and_several_have_several(line):
    one = agent(line, weight=(1.0, -0.5))
    assert one.act(np.array([0.7, 1], np.float32)) == 1
    assert one.act([0.3, 1]) == 0
    assert one.act(np.array([[0.7, 1], [0.3, 1]])).tolist() == [1, 0]
    amounts = agent(line, Amounted, actions=Amounts(np.zeros(2), np.ones(2)).facts())
    assert amounts.act([0.25, 1]).tolist() == [0.5, 2.0]
    assert amounts.act([[0.25, 1]] * 3).shape == (3, 2)


def test_draws_are_those_of_the_seed_and_go_on_with_a_generator(line):
    one, many = agent(line), np.zeros((50, 2), np.float32)
    assert (one.act(many, drawn=True, seed=1) == one.act(many, drawn=True, seed=1)).all()
    assert (one.act(many, drawn=True, seed=1) != one.act(many, drawn=True, seed=2)).any()
    dice = torch.Generator().manual_seed(1)
    first, second = one.act(many, True, dice), one.act(many, True, dice)
    assert (first == one.act(many, True, 1)).all()
    assert (first != second).any()
    assert (one.act(many) == one.act(many)).all()


def test_what_is_no_observation_is_refused_in_one_sentence(line):
    with pytest.raises(ValueError, match=r"is float32 \(2,\), or several of them; got float64 \(3,\)"):
        agent(line).act(np.zeros(3))
    pictures = agent(line, observed=Observed((1, 2, 2), "uint8").facts())
    with pytest.raises(ValueError, match="pictures uint8 from 0 to 255; got float64"):
        pictures.act(np.zeros((1, 2, 2)))


def test_what_it_expects_is_told_where_it_says_so(line):
    seen = np.array([[0.5, 1], [0.2, 1]], np.float32)
    assert agent(line, Valued).values(seen) == pytest.approx([5, 2])
    assert agent(line, Valued).action_values(seen) is None
    assert agent(line, ActionValued).values(seen) == pytest.approx([1.5, 1.8])
    assert agent(line, ActionValued).action_values(seen).shape == (2, 2)
    assert agent(line).values(seen) is None


def test_it_plays_as_a_loop_by_hand_would(line):
    told = agent(line).play(12, seed=3)
    worlds = SideBySide(opener(line), 1, 3, _acting.SHOWN)
    finished = []
    while len(finished) < 12:
        finished += worlds.step(np.array([1])).finished
    assert [(one.total, one.length, one.cut) for one in told] == [tuple(episode) for episode in finished]
    assert [one.length for one in agent(line).play(12, 3, stream=_acting.TESTED)] != [one.length for one in told]


def test_its_world_can_be_changed_but_not_what_it_sees_and_does(line):
    left = agent(line, weight=(0.0, -1.0), options="limit=2,sides=1")
    assert max(one.length for one in left.play(10)) == 2
    assert max(one.length for one in left.play(10, options="limit=4")) == 4
    assert next(left.retrace(left.play()[0], options="limit=4", pictured=True)).picture.shape == (1, 10, 3)
    with pytest.raises(ValueError, match=r"of grid_world are float32 \(\d+,\).*trained with float32 \(2,\)"):
        left.play(world="grid_world")
    with pytest.raises(ValueError, match=r"actions of .*line\.py are 2 choices.*trained with 3 choices"):
        agent(line, actions=Choices(3).facts()).play()
    bounds = Amounts(np.zeros(2), np.ones(2)).facts()
    with pytest.raises(ValueError, match=r"are 2 choices.*trained with 2 amounts, \[0\.0, 0\.0\] to \[1\.0, 1\.0\]"):
        agent(line, actions=bounds).play()
    with pytest.raises(LookupError):
        agent(line).play(world="no_such_world")


def test_a_file_of_a_world_may_have_moved(line, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    moved = (tmp_path / "line.py").rename(tmp_path / "elsewhere" / "line.py")
    one = agent(line, weight=(0.0, -1.0), options="limit=2")
    with pytest.raises(LookupError, match="no file"):
        one.play()
    assert max(told.length for told in one.play(10, world=str(moved))) == 2


def test_a_film_has_a_frame_for_each_step_and_one_for_the_end(line):
    one = agent(line)
    told = max(one.play(5), key=lambda episode: episode.length)
    made, seen = reel(one.makes(), told, scale=2), []
    made = reel(one.makes(), told, scale=2, progress=lambda done, of: seen.append((done, of)))
    frames = list(made)
    assert len(frames) == len(made) == told.length + 1
    assert seen == [(n + 1, len(made)) for n in range(len(made))]
    assert frames[0].shape == (16, 160, 3)
    assert made.fps == 5
    places = [int(frame[0, :, 0].argmax()) // 16 for frame in frames]
    assert places == list(range(places[0], 10))
    assert all((a == b).all() for a, b in zip(frames, made, strict=True))
    assert film.encode(made, made.fps, ".gif")


def test_small_pictures_are_enlarged_unless_told_otherwise(line):
    one = agent(line)
    (told,) = one.play(1)
    assert next(iter(reel(one.makes(), told))).shape == (32, 320, 3)
    assert next(iter(reel(one.makes(), told, scale=0.5))).shape == (4, 40, 3)


@pytest.mark.parametrize("kind", [Steady, Valued, ActionValued])
def test_below_a_film_stands_what_was_done_and_expected(line, kind):
    one = agent(line, kind)
    told = max(one.play(5), key=lambda episode: episode.length)
    plain, noted = (list(reel(one.makes(), told, one, annotate=annotate)) for annotate in (False, True))
    assert len({frame.shape for frame in noted}) == 1
    assert noted[0].shape[0] > plain[0].shape[0]
    for below, frame in zip(noted, plain, strict=True):
        assert (below[: len(frame)] == frame).all()
    strips = [frame[len(plain[0]) :] for frame in noted]
    assert all((a != b).any() for a, b in pairwise(strips))
    nobody = next(iter(reel(one.makes(), told, annotate=True)))
    assert (nobody.shape == noted[0].shape) == (kind is Steady)


def test_the_strip_tells_values_beside_what_was_earned(line):
    one = agent(line, Valued)
    told = max(one.play(5), key=lambda episode: episode.length)
    strip = reel(one.makes(), told, one, annotate=True).strip
    expects, earned = (line.values for line in strip.lines)
    n = told.length
    by_hand = [sum(0.5**k * (-0.25 + (t + k == n - 1)) for k in range(n - t)) for t in range(n)]
    assert earned[:-1] == pytest.approx(by_hand)
    start = 9 - n
    assert expects[:-1] == pytest.approx(np.arange(start, 9))
    assert (expects[-1], earned[-1]) == (0, 0)  # nothing lies beyond an end
    assert strip.words == ["right"] * n + ["the end"]
    assert strip.returns == pytest.approx([-0.25 * t for t in range(n)] + [1 - 0.25 * n])


def test_what_is_still_expected_at_a_time_limit_is_told(line):
    one = agent(line, Valued, weight=(0.0, -1.0), options="limit=1")
    told = next(episode for episode in one.play(10) if episode.cut)
    strip = reel(one.makes(), told, one, annotate=True).strip
    assert strip.lines[0].values[-1] > 0


def test_returns_to_go_are_discounted_sums():
    dice = np.random.default_rng(0)
    rewards = dice.normal(size=20)
    by_hand = [sum(0.9**k * rewards[t + k] for k in range(20 - t)) for t in range(20)]
    assert returns_to_go(rewards, 0.9) == pytest.approx(by_hand)


def test_an_environment_of_gymnasium_is_played_and_filmed():
    pytest.importorskip("gymnasium", reason="CartPole is Gymnasium's")
    pytest.importorskip("pygame", reason="CartPole is drawn by pygame")
    make = opener("CartPole-v1")
    told = min(_episodes.play(make, _episodes.at_random(Choices(2)), 5), key=lambda one: one.length)
    made = reel(make, told, annotate=True)
    assert made.fps == 50
    frames = list(made)
    assert len(frames) == told.length + 1
    assert frames[0].shape[1] == 600
    assert (frames[0][:400] != frames[-1][:400]).any()
