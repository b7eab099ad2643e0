"""The best policy of a world whose rules are known, by value iteration: every state is backed up in every sweep."""

from typing import Annotated, Any

from ..geometry.decisions import value_sweep
from ..tasks.solve import Solve, Sweep
from . import _form, _tables
from ._acting import SUBJECT, Stage
from ._form import About, Limits

__all__ = ["SUBJECT", "build"]

LOOKS = 25  # evaluations of a run, so that it is seen how values spread


@_form.like(Stage, without=("worlds", "epoch", "clip_rewards"))
def build(
    world: Annotated[str, About("a file of visus/worlds, or a Gymnasium id, whose rules are known")] = "grid_world",
    epochs: Annotated[int, Limits(1), About("sweeps over all states")] = 100,
    episodes: Annotated[int, Limits(1), About("of an evaluation")] = 50,
    seed: Annotated[int, Limits(0), About("of the episodes it is judged by")] = 0,
    **settings: Any,
) -> Solve:
    """Raises LookupError or ValueError for worlds that cannot be, and for those whose rules nobody tells."""
    return solved(value_sweep, Stage(world=world, episodes=episodes, **settings), epochs, seed)


def solved(sweep: Sweep, stage: Stage, epochs: int, seed: int) -> Solve:
    """A task that improves a table by such sweeps."""
    known = _tables.opened(stage, seed)
    if known.tables is None:
        raise ValueError(
            f"{stage.world} does not tell its rules, which exact methods need; take q_learning, which finds out by "
            "acting, or grid_world, FrozenLake-v1, Taxi-v4 or CliffWalking-v1"
        )
    task = Solve(known.model, known.tables, known.worlds, known.judged, sweep, ground=known.ground, **known.playing)
    task.steps, task.evaluated_every = epochs, max(1, epochs // LOOKS)
    return task
