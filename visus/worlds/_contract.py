"""What every world offers: one of it, played step by step."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..geometry.cells import Layout
from ..geometry.decisions import Tables
from ..geometry.spaces import Actions, Observed


class Step(NamedTuple):
    """What one action brought about.

    ended: the world says that nothing more can be earned, so no value lies beyond. cut: a time limit broke off what
    would have gone on, so that the value of `observation` counts. over: a new episode must begin; a world in which one
    of several lives is lost has ended for the learner, but is not over.
    """

    observation: NDArray[Any]
    reward: float
    ended: bool
    cut: bool
    over: bool


class World(ABC):
    """One world. A file of the folder, or of a user, has `build(**settings) -> World`.

    name: for people. observed, actions: what is seen and what can be done. limit: steps after which an episode is cut,
    0 if it never is. fps: pictures a second at which a person would watch. solved: the mean return that is held to
    solve it, None where nobody has said.
    """

    name: str
    observed: Observed
    actions: Actions
    limit: int = 0
    fps: float = 30.0
    solved: float | None = None

    @abstractmethod
    def reset(self, seed: int) -> NDArray[Any]:
        """Begin an episode that is a function of `seed` and of the actions that follow; the first observation."""

    @abstractmethod
    def step(self, action: Any) -> Step:
        """Do `action`: an int for `Choices`, float32 (D,) within bounds for `Amounts`."""

    def picture(self) -> NDArray[np.uint8]:
        """The world as a person sees it, (H, W, 3). Raises ValueError where it cannot be drawn."""
        raise ValueError(f"{self.name} cannot be drawn; it has no `picture`")

    def tables(self) -> Tables | None:
        """The world as a finite decision process, where it is known."""
        return None

    def layout(self) -> Layout | None:
        """The map whose cells its states are, where it has one."""
        return None

    def resemble(self, other: "World") -> bool:
        """Go to where `other`, made alike, stands; False where it takes playing what was played."""
        return False

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Free what it holds."""
