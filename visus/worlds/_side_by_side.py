"""Several copies of a world, played at once, each begun anew when its episode is over.

Each episode begins with a seed of its own, so that where a world stands is a function of that seed and of the actions
since: this is what is saved, and a copy is brought to the same place by doing the same again. Nothing need be known of
how a world keeps its state; whether it arrives at the same observation is checked.
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..geometry.cells import Layout
from ..geometry.decisions import Tables
from ..geometry.spaces import Choices
from ._contract import Step, World
from ._examine import examine

Numbers = NDArray[Any]


class Episode(NamedTuple):
    """A finished episode. total: the sum of its rewards, without discount. cut: by a time limit."""

    total: float
    length: int
    cut: bool


class Experience(NamedTuple):
    """What one action in each of n worlds brought about.

    observations: what is seen now, (n, ...); in a world whose episode was over it is the first of a new one. reached:
    what the action led to, (n, ...), which is the last observation of an episode that was over. rewards: float32 (n,).
    ended, cut, over: bool (n,), as in `Step`. finished: the episodes that were over.
    """

    observations: Numbers
    reached: Numbers
    rewards: NDArray[np.float32]
    ended: NDArray[np.bool_]
    cut: NDArray[np.bool_]
    over: NDArray[np.bool_]
    finished: list[Episode]


class SideBySide:
    """n worlds made by `make`. stream: tells sets of worlds apart that share a seed: training, evaluation, test.

    name, observed, actions, limit, fps, solved: those of the world. observations: what is seen now, (n, ...).
    """

    def __init__(self, make: Callable[[], World], n: int = 1, seed: int = 0, stream: int = 0) -> None:
        self.make, self.n, self.seed, self.stream = make, n, seed, stream
        self.worlds = [make() for _ in range(n)]
        self._seeds = [0] * n  # of the episode that is played in each
        first = self.worlds[0]
        self.name, self.observed, self.actions = first.name, first.observed, first.actions
        self.limit, self.fps, self.solved = first.limit, first.fps, first.solved
        self._shape, self._dtype = first.observed.shape, np.dtype(first.observed.dtype)
        self._counted = isinstance(first.actions, Choices)
        self.restart()

    def restart(self) -> None:
        """Begin the first episode in every world."""
        self.begun = [0] * self.n  # episodes begun in each world, less one
        self._done: list[list[Any]] = [[] for _ in range(self.n)]  # actions of the episode that is played
        self._totals = [0.0] * self.n
        self.observations = np.stack([self._reset(i) for i in range(self.n)])

    def step(self, actions: Numbers) -> Experience:
        """Do actions[i] in world i. Raises ValueError for a world that fails or answers what it did not promise."""
        observations, rewards = np.empty_like(self.observations), np.empty(self.n, np.float32)
        reached = observations
        flags = np.zeros((3, self.n), bool)
        finished = []
        if len(actions) != self.n:
            raise ValueError(f"{len(actions)} actions came for {self.n} copies of {self.name}; give each one")
        for i, action in enumerate(actions.tolist()):
            seen, reward, ended, cut, over = self._act(i, action)
            observations[i], rewards[i] = seen, reward
            if over or ended:
                flags[:, i] = ended, cut, over
            if over:
                if reached is observations:
                    reached = observations.copy()
                reached[i] = seen
                finished.append(Episode(self._totals[i], len(self._done[i]), cut))
                self.begun[i] += 1
                self._done[i], self._totals[i] = [], 0.0
                observations[i] = self._reset(i)
            elif reached is not observations:
                reached[i] = seen
        self._check_numbers(reached)
        self.observations = observations
        return Experience(observations, reached, rewards, flags[0], flags[1], flags[2], finished)

    def picture(self, i: int = 0) -> NDArray[np.uint8]:
        """World i as a person sees it, (H, W, 3). Raises ValueError where it cannot be drawn."""
        return self.worlds[i].picture()

    def tables(self) -> Tables | None:
        """The world as a finite decision process, where it is known."""
        return self.worlds[0].tables()

    def layout(self) -> Layout | None:
        """The map whose cells its states are, where it has one."""
        return self.worlds[0].layout()

    def state(self) -> dict[str, Any]:
        """Where every world stands, as numbers."""
        return {"begun": list(self.begun), "done": [list(actions) for actions in self._done]}

    def restore(self, state: Mapping[str, Any], seen: Numbers | None = None) -> bool:
        """Bring the worlds to a saved place by playing what was played; whether each now shows what it showed then.

        seen: the observations (n, ...) then. Where they differ, as in a world that draws from more than its seed, the
        episode that was played begins anew and False comes back.
        """
        self.begun = [int(number) for number in state["begun"]]
        self._done, self._totals = [[] for _ in range(self.n)], [0.0] * self.n
        exact = True
        for i, actions in enumerate(state["done"]):
            self.observations[i] = self._reset(i)
            try:
                for action in actions:
                    self.observations[i], _, _, _, over = self._act(i, action)
                    if over:
                        raise ValueError("the episode is over sooner than it was")
                same = seen is None or np.array_equal(self.observations[i], seen[i])
            except ValueError:
                same = False
            if not same:
                exact, self._done[i], self._totals[i] = False, [], 0.0
                self.observations[i] = self._reset(i)
        return exact

    def complaints(self) -> list[str]:
        """What is wrong with a fresh copy of the world, a sentence each, but for the sizes of its rewards."""
        return examine(self.make, rewards=False)

    def close(self) -> None:
        for world in self.worlds:
            world.close()

    def __deepcopy__(self, memo: dict[int, Any]) -> "SideBySide":
        copy = SideBySide(self.make, self.n, self.seed, self.stream)
        if all(mine.resemble(theirs) for mine, theirs in zip(copy.worlds, self.worlds, strict=True)):
            copy.begun, copy._seeds, copy._totals = list(self.begun), list(self._seeds), list(self._totals)
            copy._done = [list(actions) for actions in self._done]
            copy.observations = self.observations.copy()
        else:
            copy.restore(self.state())
        return copy

    def _act(self, i: int, action: Any) -> Step:
        """Do an action in world i and note it."""
        try:
            step = self.worlds[i].step(action if self._counted else np.array(action, np.float32))
        except Exception as wrong:
            raise ValueError(f"{self.name} failed {self._told(i)}: {type(wrong).__name__}: {wrong}") from wrong
        self._done[i].append(action)
        seen, reward = step.observation, step.reward
        if seen.shape != self._shape or seen.dtype != self._dtype:
            raise ValueError(self._broken(i, seen))
        if not isfinite(reward):
            raise ValueError(f"{self.name} gave the reward {reward} {self._told(i)}; mend the world")
        self._totals[i] += reward
        return step

    def _reset(self, i: int) -> Numbers:
        place = f"{self.seed} {self.stream} {i} {self.begun[i]}"
        mixed = blake2b(place.encode(), digest_size=4).digest()
        self._seeds[i] = int.from_bytes(mixed, "little") >> 1  # a seed of C is a signed 32-bit number
        seen = self.worlds[i].reset(self._seeds[i])
        if seen.shape != self._shape or seen.dtype != self._dtype:
            raise ValueError(self._broken(i, seen))
        self._check_numbers(seen[None], i)
        return seen

    def _check_numbers(self, seen: Numbers, first: int = 0) -> None:
        """Raise ValueError where one of the observations (n, ...), from world `first` on, is no number."""
        if self._dtype.kind != "f":
            return
        if b"\0" not in np.isfinite(seen).tobytes():  # for a few numbers a third of the time that `all` takes
            return
        for i, one in enumerate(seen, first):
            if not np.isfinite(one).all():
                raise ValueError(f"{self.name} showed {_words(one)} {self._told(i)}; mend the world")

    def _broken(self, i: int, seen: Numbers) -> str:
        return (
            f"{self.name} showed {seen.dtype} {seen.shape} {self._told(i)}, where it promised {self._dtype} "
            f"{self._shape}; mend its `step` and `reset`, or what it says of its observations"
        )

    def _told(self, i: int) -> str:
        return f"after {len(self._done[i])} steps of the episode that begins with reset({self._seeds[i]})"


def _words(seen: Numbers) -> str:
    """The first value that is no number, and its place."""
    place = tuple(int(k[0]) for k in np.nonzero(~np.isfinite(seen)))
    return f"{seen[place]} as value {', '.join(map(str, place))} of its observation"
