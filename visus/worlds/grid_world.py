"""Grid world: a map of cells with walls, pits and goals, known exactly (Russell and Norvig; Sutton and Barto)."""

import random
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ..engine.catalogue import nearest
from ..geometry.cells import FREE, GOAL, PIT, START, WALL, Layout
from ..geometry.decisions import Tables
from ..geometry.spaces import Choices, Observed
from . import _drawn
from ._contract import Step, World

ACTIONS = ("up", "right", "down", "left")
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # rows, columns
BY_HAND = "/"  # between the rows of a map that is typed


@dataclass(frozen=True)
class Map:
    """A map, and what happens on it.

    rows: letters as in `Layout`. step: reward of every step. entering: reward of a step into a letter, besides. bump:
    reward of a step against a wall or the border, besides. ends: letters at which an episode is over. thrown_back:
    letters from which one finds oneself at the start at once. leaps: letter -> (letter where any action from it leads,
    reward instead of `step`). slip: chance of going sideways instead, half of it to either side.
    """

    rows: tuple[str, ...]
    step: float = 0.0
    entering: dict[str, float] = field(default_factory=dict)
    bump: float = 0.0
    ends: str = GOAL + PIT
    thrown_back: str = ""
    leaps: dict[str, tuple[str, float]] = field(default_factory=dict)
    slip: float = 0.0


USUAL = {GOAL: 1.0, PIT: -1.0}
MAPS = {
    # Russell and Norvig, Artificial Intelligence, figure 17.1: goes astray with chance 0.2.
    "russell_norvig": Map(("...G", ".#.P", "S..."), step=-0.04, entering=USUAL, slip=0.2),
    # Sutton and Barto, 2018, example 6.6.
    "cliff": Map(
        ("............", "............", "............", "SCCCCCCCCCCG"),
        step=-1.0,
        entering={"C": -99.0},
        thrown_back="C",
    ),
    # Sutton and Barto, 2018, example 3.5: never ends, so that a discount is needed; A leads to a, B to b.
    "sutton_barto_3_5": Map(
        (".A.B.", ".....", "...b.", ".....", ".a..."), bump=-1.0, leaps={"A": ("a", 10.0), "B": ("b", 5.0)}
    ),
    # Sutton and Barto, 2018, example 4.1: episodes begin anywhere.
    "sutton_barto_4_1": Map(("G...", "....", "....", "...G"), step=-1.0),
    "room": Map(("S.......", "........", "...##...", "...##...", "........", ".......G"), step=-0.01, entering=USUAL),
    # The first steps of FrozenLake's idea: pits beside the way.
    "pits": Map(("S....", ".P.P.", ".....", ".P.P.", "....G"), step=-0.01, entering=USUAL, slip=0.1),
}


class GridWorld(World):
    """One cell is where one stands; four actions lead to its neighbours."""

    def __init__(self, name: str, terrain: Map, slip: float, step: float, limit: int, anywhere: bool) -> None:
        self.name, self.terrain, self.slip, self.step_reward, self.limit = name, terrain, slip, step, limit
        self.map = Layout(terrain.rows)
        rows, columns = self.map.cells
        self.n_states = rows * columns
        self.observed = Observed((self.n_states,), states=self.n_states)
        self.actions = Choices(len(ACTIONS), ACTIONS)
        self.fps = 4.0
        self._shown = np.eye(self.n_states, dtype=np.float32)
        self._shown.setflags(write=False)  # every observation of a state is one row
        letters = [self.map.letter(state) for state in range(self.n_states)]
        at_start = [s for s, letter in enumerate(letters) if letter == START]
        taken = WALL + terrain.ends + terrain.thrown_back  # nobody goes on from there
        free = [s for s, letter in enumerate(letters) if letter not in taken]
        self.starts = at_start if at_start and not anywhere else free
        self.ends = [letter in taken for letter in letters]
        self._led = [[self._outcome(state, action) for action in range(len(ACTIONS))] for state in range(self.n_states)]
        self._state, self._steps, self._dice = self.starts[0], 0, random.Random(0)

    def reset(self, seed: int) -> NDArray[np.float32]:
        self._dice = random.Random(seed)
        self._state, self._steps = self._dice.choice(self.starts), 0
        return self._shown[self._state]

    def step(self, action: int) -> Step:
        if self.slip and (drawn := self._dice.random()) < self.slip:
            action = (action + (1 if drawn < self.slip / 2 else 3)) % 4
        self._state, reward = self._led[self._state][action]
        self._steps += 1
        ended = self.ends[self._state]
        cut = not ended and self._steps == self.limit
        return Step(self._shown[self._state], reward, ended, cut, ended or cut)

    def tables(self) -> Tables:
        moves = torch.zeros(self.n_states, len(ACTIONS), self.n_states, dtype=torch.float64)
        rewards = torch.zeros(self.n_states, len(ACTIONS), dtype=torch.float64)
        for state in range(self.n_states):
            for action in range(len(ACTIONS)):
                if self.ends[state]:
                    moves[state, action, state] = 1.0
                    continue
                for done, chance in ((action, 1 - self.slip), (action + 1, self.slip / 2), (action + 3, self.slip / 2)):
                    following, reward = self._led[state][done % 4]
                    moves[state, action, following] += chance
                    rewards[state, action] += chance * reward
        start = torch.zeros(self.n_states, dtype=torch.float64)
        start[self.starts] = 1 / len(self.starts)
        return Tables(moves, rewards, torch.tensor(self.ends), start)

    def layout(self) -> Layout:
        return self.map

    def picture(self) -> NDArray[np.uint8]:
        return _drawn.drawn(self.map, self._state)

    def _outcome(self, state: int, action: int) -> tuple[int, float]:
        """Where a step that does not slip leads, and its reward."""
        letter = self.map.letter(state)
        if letter in self.terrain.leaps:
            target, reward = self.terrain.leaps[letter]
            return "".join(self.map.rows).index(target), reward
        row, column = self.map.cell(state)
        down, right = MOVES[action]
        rows, columns = self.map.cells
        to = (row + down, column + right)
        inside = 0 <= to[0] < rows and 0 <= to[1] < columns
        if not inside or self.map.rows[to[0]][to[1]] == WALL:
            return state, self.step_reward + self.terrain.bump
        following = to[0] * columns + to[1]
        entered = self.map.letter(following)
        reward = self.step_reward + self.terrain.entering.get(entered, 0.0)
        return (self.starts[0] if entered in self.terrain.thrown_back else following), reward


def build(
    map: str = "russell_norvig",  # noqa: A002 - what a person types
    slip: float | None = None,
    step: float | None = None,
    limit: int = 200,
    start: Literal["map", "anywhere"] = "map",
) -> GridWorld:
    """map: a name of `MAPS`, or its rows, "S..G/.#.P". slip, step: chance and reward; nothing: the map's own.

    limit: steps after which an episode is cut. start: where the map says, or in any cell where one can stand.
    """
    terrain = _typed(map) if BY_HAND in map else MAPS.get(map)
    if terrain is None:
        raise ValueError(
            f"no map '{map}' of the grid world.{nearest(map, MAPS)} Maps: {', '.join(MAPS)}; "
            "or type its rows, S..G/.#.P"
        )
    slip = terrain.slip if slip is None else slip
    if not 0 <= slip <= 1:
        raise ValueError(f"slip is a chance between 0 and 1; got {slip:g}")
    if limit < 0:
        raise ValueError(f"limit is a number of steps, 0 for none; got {limit}")
    step = terrain.step if step is None else step
    return GridWorld(f"grid world '{map}'", terrain, slip, step, limit, start == "anywhere")


def _typed(text: str) -> Map:
    """A map whose rows were typed. Raises ValueError for rows of several lengths and for unknown letters."""
    rows = tuple(text.strip(BY_HAND).split(BY_HAND))
    if len({len(row) for row in rows}) != 1 or not rows[0]:
        raise ValueError(
            f"the rows of a map have one length; got {', '.join(str(len(row)) for row in rows)} in '{text}'"
        )
    if wrong := set("".join(rows)) - {WALL, PIT, GOAL, START, FREE}:
        raise ValueError(
            f"a map is of # (wall), P (pit), G (goal), S (start) and . (free); got '{min(wrong)}' in '{text}'"
        )
    if not {START, FREE} & set("".join(rows)):
        raise ValueError(f"the map '{text}' has no cell to stand in; give it a start, S, or a free cell, .")
    return Map(rows, step=-0.01, entering=USUAL)
