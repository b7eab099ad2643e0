"""What a task that acts may offer the doctor; each is optional, and what is not offered is not asked about.

`task.worlds` are where it learns, `task.judged` where it is evaluated: these make a task one that acts. Besides:

- scores of `evaluate()`, told where the method has them: `epsilon`, `entropy` (nats of a categorical choice; of a
  Gaussian the differential one), `explained_variance` (of the returns, by the values told before), `approx_kl`,
  `clip_fraction`, `train_return`, `env_steps`;
- terms of the loss called `policy`, `value` and `entropy`; those of a policy are named in `surrogates`;
- `valued`, `target`, `memory`, `epsilon`, `warm_up`, `lessons(batch)`, described here as protocols.

A loss reads no dice, changes no memory and no world: the doctor asks for it again, on a copy that shares both.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ...engine.objective import Batch
from ...engine.task import Task
from ...geometry.spaces import Actions

POLICY, VALUE, ENTROPY = "policy", "value", "entropy"  # terms of a loss
SHARED = ("worlds", "judged", "memory")  # what a task that is asked for its loss does not change


class Lessons(NamedTuple):
    """What values are taught by a batch, as far as it can be told; each (B,).

    rewards: what the world gave on the way (n steps of it, discounted), nothing bootstrapped. targets: what the value
    is to become. ended: the world said that nothing lies beyond. cut: a time limit broke the episode off. advantages:
    by which actions are weighed, as the policy's loss takes them; None where there is no policy.
    """

    rewards: Tensor
    targets: Tensor
    ended: Tensor
    cut: Tensor
    advantages: Tensor | None = None


class Teaching(Protocol):
    """A task that learns values, or weighs actions by them."""

    def lessons(self, batch: Batch) -> Lessons | None:
        """Of a batch of `batches`, whose rows it may leave out; None of one that does not tell. Nothing is drawn."""
        ...


class Valued(Protocol):
    """What the player held states to be worth, and what was then earned from them, both discounted, (N,) each.

    Of the episodes of the last evaluation, as rewards are learned (clipped, where they are). States after which too
    little of an episode was seen, because a time limit cut it, are left out.
    """

    @property
    def said(self) -> NDArray[np.float64]: ...
    @property
    def earned(self) -> NDArray[np.float64]: ...


class Valuing(Protocol):
    """A task that keeps what it said while it was evaluated."""

    @property
    def valued(self) -> Valued | None:
        """None before the first evaluation."""
        ...


class Exploring(Protocol):
    """A task that takes some actions at random."""

    epsilon: Callable[[int], float]  # the chance of it, by the steps of the world so far


class Following(Protocol):
    """A task with a second network that follows the first one: weights of the same names."""

    target: nn.Module
    model: nn.Module


class Remembered(Protocol):
    """A memory of steps. capacity: how many it can hold; its length: how many it holds."""

    capacity: int

    def __len__(self) -> int: ...


class Remembering(Protocol):
    memory: Remembered


class Waiting(Protocol):
    """A task that acts for a while before its first batch."""

    warm_up: int  # steps of the world; a copy that is examined is told to make fewer


class Episode(Protocol):
    """A finished episode: see worlds."""

    @property
    def total(self) -> float: ...
    @property
    def length(self) -> int: ...


class Experience(Protocol):
    """What one action in each of n worlds brought about: see worlds."""

    @property
    def rewards(self) -> NDArray[np.float32]: ...
    @property
    def over(self) -> NDArray[np.bool_]: ...
    @property
    def finished(self) -> Iterable[Episode]: ...


class Worlds(Protocol):
    """n worlds side by side: see worlds."""

    name: str
    n: int
    limit: int
    solved: float | None
    actions: Actions

    def restart(self) -> None: ...
    def complaints(self) -> list[str]:
        """What is wrong with a fresh copy of the world, a sentence each; optional."""
        ...

    def step(self, actions: NDArray[Any]) -> Experience: ...


def acts(task: Task) -> bool:
    """Whether the task learns by acting in worlds."""
    return all(hasattr(getattr(task, name, None), "restart") for name in ("worlds", "judged"))


def shared(task: Task) -> dict[int, Any]:
    """For a copy of the task that shares its worlds and its memory: what `copy.deepcopy` is told it has copied."""
    return {id(part): part for name in SHARED if (part := getattr(task, name, None)) is not None}
