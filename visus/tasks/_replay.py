"""A memory of steps that were played, for learning from them again and in another order (Lin, 1992; Mnih et al., 2015).

Each world has a ring of slots, one after the other in time. A slot holds what was seen and what was done there; what
it led to is in the next slot, also where an episode was over: the last observation has a slot of its own, from which
nothing is learned. Of stacked frames a slot holds the newest only, and a stack is that slot with those before it, since
an episode begins with slots for all frames of its first observation.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from ..geometry.spaces import Observed
from ._sum_tree import SumTree

Slots = NDArray[np.int64]
GOES_ON, ENDED, CUT = 0, 1, 2  # what became of the episode by a step
SMALLEST = 1e-6  # error that is added to each, so that every step may be drawn again; Schaul et al., 2016, section 3.3


class Happened(Protocol):
    """What one action in each of n worlds brought about: see worlds."""

    @property
    def observations(self) -> NDArray[Any]: ...
    @property
    def reached(self) -> NDArray[Any]: ...
    @property
    def ended(self) -> NDArray[np.bool_]: ...
    @property
    def over(self) -> NDArray[np.bool_]: ...


class Steps(NamedTuple):
    """Steps that are learned from, B of them, each with the n - 1 that followed unless the episode stopped before.

    observations, reached: (B, ...), before the first of them and after the last. rewards: of all of them, discounted,
    float32 (B,). discounts: of what lies beyond `reached`, 0 where the world says that nothing does, float32 (B,).
    ended, cut: bool (B,).
    """

    observations: NDArray[Any]
    actions: NDArray[np.int64]
    rewards: NDArray[np.float32]
    discounts: NDArray[np.float32]
    reached: NDArray[Any]
    ended: NDArray[np.bool_]
    cut: NDArray[np.bool_]


class Replay:
    """The latest steps of n worlds, each drawn as often as any other.

    capacity: observations it can hold, of all worlds together; 84 x 84 pixels take 7 GB for a million. n_steps: rewards
    that are counted before a value is asked for. Raises ValueError for a capacity that holds no episode's beginning.
    """

    def __init__(self, observed: Observed, n: int, capacity: int, gamma: float, n_steps: int = 1) -> None:
        self.observed, self.n, self.gamma, self.n_steps = observed, n, gamma, n_steps
        self.room = capacity // n  # slots of each world
        self.capacity = self.room * n
        if self.room < observed.stacked + n_steps + 2:
            raise ValueError(
                f"a memory of {capacity} for {n} worlds holds {self.room} steps of each, fewer than one lesson needs; "
                f"give memory={n * max(1000, observed.stacked + n_steps + 2)}"
            )
        frame = observed.shape if observed.stacked == 1 else observed.shape[1:]
        self.frames = np.zeros((self.capacity, *frame), observed.dtype)  # no memory is taken until they are written
        self.actions = np.zeros(self.capacity, np.int64)
        self.rewards = np.zeros(self.capacity, np.float32)
        self.fates = np.zeros(self.capacity, np.uint8)
        self.learnable = np.zeros(self.capacity, bool)  # whether a slot can be learned from
        self.at = [-1] * n  # slot of what is seen now, within a world's ring
        self.since = [0] * n  # steps since the episode began, or went on after an end
        self.used = [0] * n  # slots that were ever written
        self.lessons = 0  # slots that can be learned from

    def __len__(self) -> int:
        """Observations that it holds."""
        return sum(self.used)

    def begin(self, world: int, observation: NDArray[Any]) -> None:
        """An episode of a world begins with this observation."""
        for frame in observation if self.observed.stacked > 1 else observation[None]:
            self._put(world, frame)
        self.since[world] = 0

    def add(self, actions: NDArray[Any], rewards: NDArray[np.float32], happened: Happened) -> None:
        """What was done in each world at what was seen, what is learned to be earned by it, and what it led to."""
        newest = happened.reached if self.observed.stacked == 1 else happened.reached[:, -1]
        told = zip(actions.tolist(), rewards.tolist(), happened.ended.tolist(), happened.over.tolist(), strict=True)
        for world, (action, reward, ended, over) in enumerate(told):
            here = world * self.room + self.at[world]
            self.actions[here], self.rewards[here] = action, reward
            self.fates[here] = ENDED if ended else CUT if over else GOES_ON
            self._learn(world, ended or over)
            self._put(world, newest[world])
            if over:
                self.begin(world, happened.observations[world])

    def draw(self, n: int) -> Slots:
        """n slots to learn from, by torch's dice; the same one may come twice. Some must be `lessons`."""
        slots = self._anywhere(n)
        while not (fit := self.learnable[slots]).all():
            slots[~fit] = self._anywhere(int(n - fit.sum()))
        return slots

    def read(self, slots: Slots) -> Steps:
        """What happened at and after each of the slots."""
        rewards, fates, last = self.rewards[slots], self.fates[slots], slots
        discounts = np.full(len(slots), self.gamma, np.float32)
        for _ in range(1, self.n_steps):
            goes_on = fates == GOES_ON
            last = np.where(goes_on, self._later(last, 1), last)
            rewards = rewards + np.where(goes_on, discounts * self.rewards[last], np.float32(0))
            discounts = np.where(goes_on, discounts * np.float32(self.gamma), discounts)
            fates = self.fates[last]
        ended = fates == ENDED
        return Steps(
            self._seen(slots),
            self.actions[slots],
            rewards,
            discounts * ~ended,
            self._seen(self._later(last, 1)),
            ended,
            fates == CUT,
        )

    def state(self) -> dict[str, Any]:
        """All of it, for a checkpoint: tensors of the part that was written, which share its memory."""
        top = max(self.used)
        written = {
            name: torch.from_numpy(getattr(self, name).reshape(self.n, self.room, *getattr(self, name).shape[1:]))
            for name in self._columns
        }
        return {
            **{name: values[:, :top] for name, values in written.items()},
            "at": list(self.at),
            "since": list(self.since),
            "used": list(self.used),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned. Raises ValueError for a memory of another size."""
        top = max(state["used"], default=0)
        if len(state["used"]) != self.n or top > self.room:
            raise ValueError(
                f"the checkpoint holds {len(state['used'])} worlds of up to {top} steps, and this memory {self.n} of "
                f"{self.room}; resume with the settings of the run"
            )
        for name in self._columns:
            mine = getattr(self, name)
            mine.reshape(self.n, self.room, *mine.shape[1:])[:, :top] = state[name].numpy()
        self.at, self.since, self.used = list(state["at"]), list(state["since"]), list(state["used"])
        self.lessons = int(self.learnable.sum())

    _columns = ("frames", "actions", "rewards", "fates", "learnable")

    def __deepcopy__(self, memo: dict[int, Any]) -> "Replay":
        """A copy takes no more memory than what was written."""
        copy = type(self)(self.observed, self.n, self.capacity, self.gamma, self.n_steps)
        copy.restore(self.state())
        return copy

    def _put(self, world: int, frame: NDArray[Any]) -> None:
        """Write what is seen now; what was in its slot, and a stack that began with it, can no longer be read."""
        at = (self.at[world] + 1) % self.room
        base = world * self.room
        self.at[world], self.used[world] = at, max(self.used[world], at + 1)
        self.frames[base + at] = frame
        self._mark(base + (at + self.observed.stacked - 1) % self.room, False)

    def _learn(self, world: int, stops: bool) -> None:
        """A step was written: the one n_steps - 1 before it now has all that it is learned from, or each one since."""
        self.since[world] += 1
        first = min(self.n_steps, self.since[world])
        if self.since[world] >= self.n_steps or stops:
            for back in range(first - 1, -1 if stops else first - 2, -1):
                self._mark(world * self.room + (self.at[world] - back) % self.room, True)
        if stops:
            self.since[world] = 0

    def _mark(self, slot: int, fit: bool) -> None:
        if self.learnable[slot] != fit:
            self.learnable[slot] = fit
            self.lessons += 1 if fit else -1

    def _anywhere(self, n: int) -> Slots:
        top = max(self.used)
        drawn: Slots = torch.randint(self.n * top, (n,)).numpy()
        return drawn if top == self.room or self.n == 1 else drawn // top * self.room + drawn % top

    def _later(self, slots: Slots, steps: int) -> Slots:
        """The slots so many steps later, or before, in the ring of the same world."""
        if self.n == 1:
            return (slots + steps) % self.room
        within = slots % self.room
        return slots - within + (within + steps) % self.room

    def _seen(self, slots: Slots) -> NDArray[Any]:
        if self.observed.stacked == 1:
            return self.frames[slots]
        back = np.arange(1 - self.observed.stacked, 1)
        return self.frames[self._later(slots[:, None], back)]  # type: ignore[arg-type]


class Prioritised(Replay):
    """Steps are drawn in proportion to |error|**alpha of when they were last learned from (Schaul et al., 2016).

    A new step is drawn as if its error were the largest so far. alpha: 0 draws all alike.
    """

    def __init__(
        self, observed: Observed, n: int, capacity: int, gamma: float, n_steps: int = 1, alpha: float = 0.6
    ) -> None:
        super().__init__(observed, n, capacity, gamma, n_steps)
        self.alpha = alpha
        self.tree, self.largest = SumTree(self.capacity), 1.0
        self.changed: list[int] = []  # slots whose place in the tree is to be renewed

    def draw(self, n: int) -> Slots:
        """One slot from each of n equal shares of the sum (appendix B.2.1)."""
        self._renew()
        shares = (np.arange(n) + torch.rand(n, dtype=torch.float64).numpy()) / n
        return self.tree.find(shares * self.tree.total)

    def weights(self, slots: Slots, beta: float) -> NDArray[np.float32]:
        """What makes up for some being drawn more often than others; the largest of a batch is 1 (section 3.4)."""
        rarity = self.tree[slots] ** -beta  # the sum, and how many there are, are the same for all
        return (rarity / rarity.max()).astype(np.float32)

    def surprise(self, slots: Slots, errors: NDArray[Any]) -> None:
        """Learn how far off the values of these slots were."""
        sizes = (np.abs(errors.astype(np.float64)) + SMALLEST) ** self.alpha
        self.largest = max(self.largest, float(sizes.max()))
        self.tree[slots] = sizes * self.learnable[slots]

    def state(self) -> dict[str, Any]:
        return super().state() | {
            "priorities": torch.from_numpy(self.tree[np.arange(self.capacity)]),
            "largest": self.largest,
            "changed": torch.tensor(self.changed, dtype=torch.int64),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        super().restore(state)
        self.tree[np.arange(self.capacity)] = state["priorities"].numpy()
        self.largest, self.changed = float(state["largest"]), state["changed"].tolist()

    def __deepcopy__(self, memo: dict[int, Any]) -> "Prioritised":
        copy = Prioritised(self.observed, self.n, self.capacity, self.gamma, self.n_steps, self.alpha)
        copy.restore(self.state())
        return copy

    def _mark(self, slot: int, fit: bool) -> None:
        if self.learnable[slot] != fit:
            super()._mark(slot, fit)
            self.changed.append(slot)

    def _renew(self) -> None:
        if self.changed:
            slots = np.unique(self.changed)
            self.tree[slots] = self.largest * self.learnable[slots]
            self.changed = []
