"""A player on disk, and what it is for: to act in a world, one observation at a time or whole episodes of it.

Where it says what it expects to earn, by values of states or of actions, that is told beside.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...geometry.spaces import Amounts, Choices, actions_from, observed_from
from ...models.players._contract import ActionValuing, Valuing
from ...recipes import _acting as recipe
from ...worlds import _episodes as episodes_of
from ...worlds._episodes import Act, Make, Moment, Progress, Told
from ...worlds._open import opener
from .. import model as ship
from ._played import card

__all__ = ["COMMAND", "Agent", "card", "load", "save"]

COMMAND = "visus play"

Numbers = NDArray[Any]


class Agent:
    """A player ready to act.

    observed, actions: what it was trained to see and to do. world, options: where. gamma: its discount.
    """

    def __init__(self, player: nn.Module, facts: Mapping[str, Any]) -> None:
        self.player: Any = player.eval()
        self.facts = dict(facts)
        self.observed, self.actions = observed_from(facts["observed"]), actions_from(facts["actions"])
        self.world, self.options, self.gamma = str(facts["world"]), str(facts["options"]), float(facts["gamma"])

    def act(self, observations: Numbers, drawn: bool = False, seed: int | torch.Generator = 0) -> Any:
        """What to do: an int or float32 (D,) after one observation, int64 (B,) or float32 (B, D) after B of them.

        drawn: from the player's distribution, where it has one, by `seed` or a generator that is drawn on; else what it
        holds best. Raises ValueError for observations of another shape.
        """
        seen, one = self._seen(observations)
        dice = seed if isinstance(seed, torch.Generator) else torch.Generator().manual_seed(seed)
        with torch.no_grad():
            found: Numbers = self.player.act(seen, dice if drawn else None).numpy()
        if not one:
            return found
        return int(found[0]) if isinstance(self.actions, Choices) else found[0]

    @torch.no_grad()
    def values(self, observations: Numbers) -> NDArray[np.float32] | None:
        """What it expects to earn from each observation on, discounted, (B,); None if it does not say."""
        seen, _ = self._seen(observations)
        if isinstance(self.player, Valuing):
            return np.asarray(self.player.values(seen).float())
        found = self.action_values(observations)
        return None if found is None else found.max(1)

    @torch.no_grad()
    def action_values(self, observations: Numbers) -> NDArray[np.float32] | None:
        """What it expects to earn after each action, discounted, (B, A); None if it does not say."""
        if not isinstance(self.player, ActionValuing):
            return None
        return np.asarray(self.player.action_values(self._seen(observations)[0]).float())

    def play(
        self,
        episodes: int = 1,
        seed: int = 0,
        drawn: bool = False,
        world: str | None = None,
        options: str = "",
        stream: int = recipe.SHOWN,
        progress: Progress | None = None,
    ) -> list[Told]:
        """Whole episodes, none of which was trained or evaluated on; the same seed plays the same.

        drawn: draw actions from its distribution; how they fall depends on how many episodes are played. world: its
        own, unless named; options: changes its settings. stream: of `recipes._acting`. Raises LookupError or ValueError
        for a world that is not there, or that the player was not trained for.
        """
        make = self.makes(world, options)
        return episodes_of.play(make, self.acts(drawn, seed), episodes, seed, stream, progress)

    def acts(self, drawn: bool = False, seed: int = 0) -> Act:
        """`act`, with draws that go on, as `worlds._episodes.play` takes it."""
        dice = torch.Generator().manual_seed(seed)
        return lambda observations: self.act(observations, drawn, dice)

    def retrace(
        self, episode: Told, world: str | None = None, options: str = "", pictured: bool = False
    ) -> Iterator[Moment]:
        """The moments of an episode that was played there, once more; see `worlds._episodes.retrace`."""
        return episodes_of.retrace(self.makes(world, options), episode, pictured)

    def makes(self, world: str | None = None, options: str = "") -> Make:
        """What makes copies of a world, by default of its own with its own settings, of which `options` changes some.

        Raises ValueError for one that it cannot play.
        """
        name = world or self.world
        own = Path(name).name == Path(self.world).name  # a file of the user's may have moved
        make = opener(name, f"{self.options},{options}" if own else options)
        there = make()
        there.close()
        for what, mine, its in (
            ("observations", self.observed, there.observed),
            ("actions", self.actions, there.actions),
        ):
            if not _alike(mine, its):
                raise ValueError(
                    f"{what} of {name} are {_said(its)}, and the player was trained with {_said(mine)} in "
                    f"{self.world}; name a world of the same kind, or train one there"
                )
        return make

    def _seen(self, observations: Numbers) -> tuple[Tensor, bool]:
        """As the player takes them, (B, ...), and whether it was one alone."""
        found = np.asarray(observations)
        one = found.shape == self.observed.shape
        if found.shape[1:] != self.observed.shape and not one:
            raise ValueError(
                f"an observation of {self.world} is {self.observed.dtype} {self.observed.shape}, or several of them; "
                f"got {found.dtype} {found.shape}"
            )
        if self.observed.dtype == "uint8" and found.dtype != np.uint8:
            raise ValueError(f"observations of {self.world} are pictures uint8 from 0 to 255; got {found.dtype}")
        return torch.from_numpy(np.ascontiguousarray(found[None] if one else found, self.observed.dtype)), one

    def __str__(self) -> str:
        """`q_network that plays CartPole-v1`."""
        return f"{self.facts['player']} that plays {self.world}"


def _alike(mine: Any, its: Any) -> bool:
    """The same kind of numbers or pictures, or of actions, whatever they are called."""
    if type(mine) is not type(its):
        return False
    if isinstance(mine, Choices):
        return bool(mine.n == its.n)
    if isinstance(mine, Amounts):
        return np.array_equal(mine.low, its.low) and np.array_equal(mine.high, its.high)
    return bool(mine.shape == its.shape and mine.dtype == its.dtype)


def _said(what: Any) -> str:
    """`float32 (4,)`, `2 choices`."""
    if isinstance(what, Choices):
        return f"{what.n} choices"
    return (
        f"{what.size} amounts, {what.low.tolist()} to {what.high.tolist()}"
        if isinstance(what, Amounts)
        else f"{what.dtype} {what.shape}"
    )


def save(folder: Path, task: Any, settings: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write the model folder of a task that acts; see the folder's own docstring.

    The task's `facts` are those of `recipes/_acting.player_facts`.
    """
    return ship.save(folder, task.model, task.facts, card(folder.name, task.facts, stages))


def load(folder: str | Path) -> Agent:
    """The player in a run folder or a model folder. Raises FileNotFoundError or ValueError, with the next step."""
    facts, weights = ship.contents(folder)
    if facts.get("tells") != recipe.SUBJECT:
        raise ValueError(f"{folder} holds a model of something else, which plays nothing; see its card.md")
    with ship.whole(folder):
        player = recipe.rebuild(facts)
        player.load_state_dict(weights)
    return Agent(player, facts)
