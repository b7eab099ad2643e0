"""What recipes share whose player is a table: the rules of a world if they are known, where values are drawn."""

from typing import Any, NamedTuple

from ..engine.seed import seed_everything
from ..geometry.decisions import Tables
from ..geometry.spaces import Choices
from ..models.players import table
from ..tasks._values_drawn import Ground, ground
from ..worlds._side_by_side import SideBySide
from ._acting import Stage, player_facts


class Known(NamedTuple):
    """model: a table for the world. playing: what a task that acts takes by name. tables: None where nobody knows."""

    model: table.Table
    worlds: SideBySide
    judged: SideBySide
    tables: Tables | None
    ground: Ground | None
    playing: dict[str, Any]


def opened(stage: Stage, seed: int, initial: float = 0.0) -> Known:
    """Raises LookupError or ValueError for a world that cannot be, or that no table holds."""
    worlds, judged = stage.opened(seed)
    seed_everything(seed)
    model = table.build(worlds.observed, worlds.actions, initial)
    first = worlds.worlds[0]
    tables = first.tables()
    assert isinstance(worlds.actions, Choices)
    return Known(
        model,
        worlds,
        judged,
        tables,
        ground(first.layout(), tables, worlds.actions.names),
        {
            "gamma": stage.gamma,
            "episodes": stage.episodes,
            "clipped": stage.clip_rewards,
            "facts": player_facts("table", worlds, stage, {"initial": initial}),
        },
    )
