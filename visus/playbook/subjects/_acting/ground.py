"""A world as the stages use it: who plays in it, and which episodes are kept for which purpose."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....geometry.spaces import Choices
from ....recipes._acting import JUDGED
from ....worlds._contract import World
from ....worlds._episodes import Act, Progress, Told, at_random, play
from ....worlds._open import opener

EPISODES, FEWEST = 100, 10  # of a test and of each simple player, fewer where they would take long
MOST_STEPS = 100_000  # of a simple player: about a minute of an Atari game
RANDOM = "random actions"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Streams:
    """What takes the place of a split: episodes are begun by seeds, and those of one purpose are of no other."""

    hash: str
    how: str = "episodes to learn from, to choose by and to test on are begun by seeds that never meet"


@dataclass(frozen=True)
class Ground:
    """A world, opened, and a seed. world, options: as a recipe takes them. Raises what `worlds._open.opener` raises."""

    world: str
    options: str = ""
    seed: int = 0

    @cached_property
    def make(self) -> Callable[[], World]:
        return opener(self.world, self.options)

    @cached_property
    def known(self) -> World:
        """One of it, to be asked what it is."""
        return self.make()

    @property
    def episodes(self) -> int:
        """Of a test."""
        return EPISODES

    @property
    def split(self) -> Streams:
        """By which a use of its test episodes is counted: those of the same world, options and seed are the same."""
        file = Path(self.world)
        content = file.read_bytes() if file.suffix == ".py" and file.is_file() else self.world.encode()
        told = b"\n".join([content, self.options.encode(), str(self.seed).encode()])
        return Streams(hashlib.blake2b(told, digest_size=16).hexdigest())

    @cached_property
    def blind(self) -> float:
        """The mean return of random actions."""
        return float(returns(self.simple(at_random(self.known.actions), JUDGED)).mean())

    def players(self) -> dict[str, Act]:
        """Who plays without a look at the world, by name: random actions, and each that is always the same."""
        actions = self.known.actions
        found = {RANDOM: at_random(actions)}
        if isinstance(actions, Choices):
            named = {f"always {word}": k for k, word in enumerate(words_of(actions))}
            return found | {name: _always(np.int64(k)) for name, k in named.items()}
        ends: dict[str, NDArray[np.float32]] = {"lowest": actions.low, "highest": actions.high}
        if all(np.isfinite(amounts).all() for amounts in ends.values()):
            ends["middle"] = ((actions.low + actions.high) / 2).astype(np.float32)
        bounded = {name: amounts for name, amounts in ends.items() if np.isfinite(amounts).all()}
        return found | {f"always the {name} amounts": _always(amounts) for name, amounts in bounded.items()}

    def simple(self, act: Act, stream: int, progress: Progress | None = None) -> list[Told]:
        """Episodes of a simple player: as many as of a test, fewer where each is long."""
        first = play(self.make, act, FEWEST, self.seed, stream)
        n = int(MOST_STEPS / np.mean([told.length for told in first]))
        n = min(max(n, FEWEST), EPISODES)
        return play(self.make, act, n, self.seed, stream, progress) if n > FEWEST else first

    def limited(self, **sizes: int) -> "Ground":
        """Itself: a world has no parts that are smaller."""
        return self

    def without_test(self) -> "Ground":
        """Itself: who learns asks for other episodes."""
        return self


def ground_of(settings: Mapping[str, Any]) -> Ground:
    """The world that the settings of a recipe name, resolved."""
    return Ground(str(settings["world"]), str(settings["options"]), int(settings["seed"]))


def returns(episodes: list[Told]) -> Floats:
    """Sums of rewards, without discount, (N,)."""
    return np.array([told.total for told in episodes], np.float64)


def words_of(actions: Choices) -> list[str]:
    """What each action is called."""
    return list(actions.names) or [f"action {k}" for k in range(actions.n)]


def _always(action: Any) -> Act:
    return lambda seen: np.stack([action] * len(seen))
