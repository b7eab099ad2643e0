"""Whole episodes of a world: played by whoever chooses the actions, and gone through again.

An episode is a function of the seed, of its number, and of the actions: each is played in a world of its own, so that
the seventh of ten is the seventh of a hundred, and what was done in it brings it about once more.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..geometry.spaces import Actions
from ._contract import World
from ._side_by_side import Episode, Numbers, SideBySide

AT_ONCE = 10  # worlds that are played together, so that a network is asked for that many actions at once
LONGEST = 20_000  # steps after which an episode is broken off in a world that never does so itself

Act = Callable[[Numbers], Numbers]  # observations (n, ...) -> actions (n,) or (n, D)
Progress = Callable[[int, int, int], None]  # (episodes done, of all, steps so far)
Make = Callable[[], World]


@dataclass(frozen=True, eq=False)
class Told:
    """An episode that can be gone through again. number: from 0. total: the sum of its rewards, without discount.

    cut: by a time limit. seed, stream: of the set that it belongs to. actions: int64 (T,), or float32 (T, D).
    """

    number: int
    total: float
    length: int
    cut: bool
    seed: int
    stream: int
    actions: Numbers


class Moment(NamedTuple):
    """One step of an episode. observation: what was seen before the action; reward, total: after it.

    picture: of the world before the action, uint8 (H, W, 3), where it was asked for. The last moment has no action: it
    is what was seen in the end.
    """

    observation: Numbers
    action: Any
    reward: float
    total: float
    ended: bool
    cut: bool
    picture: NDArray[np.uint8] | None


def play(
    make: Make, act: Act, episodes: int, seed: int = 0, stream: int = 0, progress: Progress | None = None
) -> list[Told]:
    """Episodes 0, 1, ... of a set, whose first ones do not depend on how many are played.

    Raises ValueError for less than one, and for a world that answers what it did not promise.
    """
    if episodes < 1:
        raise ValueError(f"at least 1 episode is to be played; got {episodes}")
    played: dict[int, Told] = {}
    waiting = iter(range(episodes))
    places = [_Place(SideBySide(make, 1, seed, stream), waiting) for _ in range(min(AT_ONCE, episodes))]
    steps = 0
    try:
        while busy := [place for place in places if place.number is not None]:
            actions = act(np.concatenate([place.worlds.observations for place in busy]))
            steps += len(busy)
            for place, action in zip(busy, actions, strict=True):
                if told := place.step(action):
                    played[told.number] = told
                    if progress:
                        progress(len(played), episodes, steps)
            if progress and steps % 1000 < len(busy):
                progress(len(played), episodes, steps)
    finally:
        for place in places:
            place.worlds.close()
    return [played[number] for number in range(episodes)]


def retrace(make: Make, episode: Told, pictured: bool = False) -> Iterator[Moment]:
    """The moments of an episode once more, one more than it has actions.

    Raises ValueError for a world that cannot be drawn, where pictures are asked for, and for one that goes another way
    than it did, as one does that draws from more than its seed.
    """
    worlds = SideBySide(make, 1, episode.seed, episode.stream)
    world = worlds.worlds[0]
    try:
        seen, total = _begun(worlds, episode.number), 0.0
        for steps, action in enumerate(episode.actions, 1):  # noqa: B007
            picture = world.picture() if pictured else None
            before = seen
            seen, reward, ended, cut, over = world.step(_one(action))
            total += reward
            yield Moment(before, action, float(reward), total, bool(ended), bool(cut), picture)
            if over:
                break
        if steps != episode.length or not np.isclose(total, episode.total, rtol=1e-5, atol=1e-5):
            raise ValueError(
                f"{worlds.name} goes another way each time: episode {episode.number} had a return of {episode.total:g} "
                f"in {episode.length} steps, and with the same seed and actions one of {total:g} in {steps}; let "
                "its `reset` make it a function of the seed, then it can be shown again"
            )
        yield Moment(seen, None, 0.0, total, False, False, world.picture() if pictured else None)
    finally:
        worlds.close()


def at_random(actions: Actions, seed: int = 0) -> Act:
    """Draws actions evenly, whatever is seen; amounts without bounds from the normal distribution."""
    dice = np.random.default_rng(seed)
    return lambda seen: actions.drawn(len(seen), dice)


class _Place:
    """A world in which one episode after the other is played, of those that wait."""

    def __init__(self, worlds: SideBySide, waiting: Iterator[int]) -> None:
        self.worlds, self.waiting = worlds, waiting
        self.number: int | None = None
        self.longest = max(worlds.limit, LONGEST)
        self._next()

    def step(self, action: Any) -> Told | None:
        """Act; the episode, if it is over, and the next has then begun."""
        assert self.number is not None
        found = self.worlds.step(np.asarray(action)[None])
        self.actions.append(action)
        self.total += float(found.rewards[0])
        if found.finished:
            told = found.finished[0]
        elif len(self.actions) >= self.longest:
            told = Episode(self.total, len(self.actions), True)
        else:
            return None
        done = Told(self.number, *told, self.worlds.seed, self.worlds.stream, np.stack(self.actions))
        self._next()
        return done

    def _next(self) -> None:
        self.number = next(self.waiting, None)
        self.actions: list[Any] = []
        self.total = 0.0
        if self.number is not None:
            _begun(self.worlds, self.number)


def _begun(worlds: SideBySide, number: int) -> Numbers:
    """Begin episode `number` in the only world; what is seen first."""
    worlds.restore({"begun": [number], "done": [[]]})
    return worlds.observations[0].copy()


def _one(action: Any) -> Any:
    """An action as a world takes it."""
    return int(action) if np.ndim(action) == 0 else np.asarray(action, np.float32)
