"""Several copies of a world, played at once, each begun anew when its episode is over.

Each episode begins with a seed of its own, so that where a world stands is a function of that seed and of the actions
since: this is what is saved, and a copy is brought to the same place by doing the same again. Nothing need be known of
how a world keeps its state; whether it arrives at the same observation is checked.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._contract import World

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
        first = self.worlds[0]
        self.name, self.observed, self.actions = first.name, first.observed, first.actions
        self.limit, self.fps, self.solved = first.limit, first.fps, first.solved
        self._dtype = np.dtype(self.observed.dtype)
        self.restart()

    def restart(self) -> None:
        """Begin the first episode in every world."""
        self.begun = [0] * self.n  # episodes begun in each world, less one
        self._done: list[list[Any]] = [[] for _ in range(self.n)]  # actions of the episode that is played
        self._totals = [0.0] * self.n
        self.observations = np.stack([self._reset(i) for i in range(self.n)])

    def step(self, actions: Numbers) -> Experience:
        """Do actions[i] in world i. Raises ValueError for a world that answers what it did not promise."""
        observations, rewards = np.empty_like(self.observations), np.empty(self.n, np.float32)
        reached = observations
        flags = np.zeros((3, self.n), bool)
        finished = []
        for i, (world, action) in enumerate(zip(self.worlds, actions.tolist(), strict=True)):
            done = action if isinstance(action, int) else np.asarray(action, np.float32)
            seen, reward, ended, cut, over = world.step(done)
            self._done[i].append(action)
            self._check(seen, reward)
            observations[i], rewards[i] = seen, reward
            flags[:, i] = ended, cut, over
            self._totals[i] += reward
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
        self.observations = observations
        return Experience(observations, reached, rewards, flags[0], flags[1], flags[2], finished)

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
                    done = action if isinstance(action, int) else np.asarray(action, np.float32)
                    self.observations[i], reward, _, _, over = self.worlds[i].step(done)
                    self._done[i].append(action)
                    self._totals[i] += reward
                    if over:
                        raise ValueError("the episode is over sooner than it was")
                same = seen is None or np.array_equal(self.observations[i], seen[i])
            except ValueError:
                same = False
            if not same:
                exact, self._done[i], self._totals[i] = False, [], 0.0
                self.observations[i] = self._reset(i)
        return exact

    def close(self) -> None:
        for world in self.worlds:
            world.close()

    def __deepcopy__(self, memo: dict[int, Any]) -> "SideBySide":
        copy = SideBySide(self.make, self.n, self.seed, self.stream)
        copy.restore(self.state())
        return copy

    def _reset(self, i: int) -> Numbers:
        entropy = np.random.SeedSequence([self.seed, self.stream, i, self.begun[i]])
        seen = self.worlds[i].reset(int(entropy.generate_state(1)[0]) >> 1)  # a seed of C is a signed 32-bit number
        self._check(seen, 0.0)
        return seen

    def _check(self, seen: Numbers, reward: float) -> None:
        if seen.shape != self.observed.shape or seen.dtype != self._dtype:
            raise ValueError(
                f"{self.name} showed {seen.dtype} {seen.shape} where it promised {self._dtype} {self.observed.shape}; "
                "mend its `step` and `reset`, or what it says of its observations"
            )
        if not np.isfinite(reward) or (self._dtype.kind == "f" and not np.isfinite(seen).all()):
            what = "observation" if np.isfinite(reward) else "reward"
            raise ValueError(f"{self.name} gave a {what} that is no number after {self._told()}; mend the world")

    def _told(self) -> str:
        return f"{sum(len(actions) for actions in self._done)} steps of the episodes that are played"
