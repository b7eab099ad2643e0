"""What recipes share whose tasks act: the world as settings, and the facts of a saved player."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from torch import nn

from ..engine import catalogue
from ..geometry.spaces import actions_from, observed_from
from ..models import players
from ..worlds._open import opener
from ..worlds._side_by_side import SideBySide
from ._form import About, Limits

SUBJECT = "acting"
TRAINED, JUDGED, TESTED, SHOWN = 0, 1, 2, 3  # streams of episodes that never meet


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where a player acts; a recipe takes these by `_form.like(Stage)`.

    An epoch is `epoch` steps of the world: between two of them the player is evaluated.
    """

    world: Annotated[str, About("a file of visus/worlds, a Gymnasium id, or a file of yours, my_world.py")] = (
        "CartPole-v1"
    )
    options: Annotated[str, About("settings of the world, as 'slip=0.1,map=cliff'")] = ""
    worlds: Annotated[int, Limits(1, 1024), About("copies of the world that are played side by side")] = 1
    epoch: Annotated[int, Limits(1), About("steps of the world between two evaluations, of all copies together")] = 1000
    episodes: Annotated[int, Limits(1), About("of an evaluation")] = 10
    gamma: Annotated[float, Limits(0.0, 1.0), About("discount of a reward one step later")] = 0.99
    clip_rewards: Annotated[bool, About("learn from the sign of each reward")] = False

    def opened(self, seed: int) -> tuple[SideBySide, SideBySide]:
        """The worlds to learn in and those to be judged in. Raises LookupError or ValueError for what cannot be."""
        make = opener(self.world, self.options)
        return SideBySide(make, self.worlds, seed, TRAINED), SideBySide(make, min(self.episodes, 10), seed, JUDGED)


def player_facts(kind: str, worlds: SideBySide, stage: Stage, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is needed to rebuild a player and to let it play. kind: a file of models/players."""
    return {
        "tells": SUBJECT,
        "player": kind,
        "settings": dict(settings),
        "observed": worlds.observed.facts(),
        "actions": worlds.actions.facts(),
        "world": stage.world,
        "options": stage.options,
        "gamma": stage.gamma,
    }


def rebuild(facts: Mapping[str, Any]) -> nn.Module:
    """A player as `player_facts` describes it, for saved weights to be loaded into."""
    build = catalogue.find(players, facts["player"]).build
    found: nn.Module = build(observed_from(facts["observed"]), actions_from(facts["actions"]), **facts["settings"])
    return found
