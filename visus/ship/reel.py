"""An episode as a film: its pictures, and below them, where it is asked for, what the player did and expected."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry.spaces import Actions, Choices
from ..runs.film import Frame, enlarged
from ..worlds._episodes import Make, Told, retrace
from ._strip import Line, Strip

LEGIBLE = 320  # pixels that the longer side of a small picture is enlarged to, about, where nothing is asked
AT_ONCE = 256  # observations that a player is asked about together

Progress = Callable[[int, int], None]  # (done, of all)


@dataclass(frozen=True)
class Reel:
    """The frames of an episode, drawn anew each time they are gone through, one more than it has steps.

    fps: at which a person would watch. scale: of the pictures; 0 makes small ones legible. strip: drawn below.
    progress: is told how many are drawn, of all.
    """

    make: Make
    episode: Told
    fps: float
    scale: float = 0.0
    strip: Strip | None = None
    progress: Progress | None = None

    def __iter__(self) -> Iterator[Frame]:
        for step, moment in enumerate(retrace(self.make, self.episode, pictured=True)):
            assert moment.picture is not None
            frame = enlarged(moment.picture, self.scale or _legible(moment.picture))
            yield self.strip.below(frame, step) if self.strip else frame
            if self.progress:
                self.progress(step + 1, len(self))

    def __len__(self) -> int:
        return self.episode.length + 1


def reel(
    make: Make,
    episode: Told,
    agent: Any = None,
    scale: float = 0.0,
    annotate: bool = False,
    progress: Progress | None = None,
) -> Reel:
    """An episode of a world that `make` makes. agent: who is asked what it expected, a `ship.kinds.acting.Agent`.

    annotate: step, action and return below the pictures, and what the agent expected of the rest, if it says so, beside
    what was then earned, both discounted.
    """
    world = make()
    world.close()
    strip = _strip(make, episode, world.actions, agent) if annotate else None
    return Reel(make, episode, world.fps, scale, strip, progress)


def _strip(make: Make, episode: Told, actions: Actions, agent: Any) -> Strip:
    words, totals, rewards, ended = [], [], [], []
    expected: list[Any] = []
    moments = retrace(make, episode)
    while some := list(islice(moments, AT_ONCE)):
        words += [_word(actions, moment.action) for moment in some]
        totals += [moment.total for moment in some]
        rewards += [moment.reward for moment in some]
        ended += [moment.ended for moment in some]
        expected.append(agent.values(np.stack([moment.observation for moment in some])) if agent else None)
    returns = [0.0, *totals[:-1]]  # before the action, as the picture
    if expected[0] is None:
        return Strip(words, returns)
    values = np.concatenate(expected)
    values[1:][ended[:-1]] = 0  # nothing can be earned beyond an end, and a player was never asked about it
    earned = returns_to_go(rewards, agent.gamma)
    return Strip(words, returns, (Line("expects", values), Line("then earned", earned)))


def returns_to_go(rewards: Any, gamma: float) -> NDArray[np.float64]:
    """What is earned from each step on, discounted, (T,)."""
    found, after = np.zeros(len(rewards)), 0.0
    for step in reversed(range(len(rewards))):
        found[step] = after = rewards[step] + gamma * after
    return found


def _word(actions: Actions, action: Any) -> str:
    """An action in words: its name, its number, or its amounts."""
    if action is None:
        return "the end"
    if isinstance(actions, Choices):
        return actions.names[action] if actions.names else f"action {action}"
    return ", ".join(f"{amount:+.2f}" for amount in np.atleast_1d(action))


def _legible(picture: Frame) -> int:
    return max(1, round(LEGIBLE / max(picture.shape[:2])))
