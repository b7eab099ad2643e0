"""The best policy of a world whose rules are known, by policy iteration: solve for its values, be greedy on them."""

from typing import Annotated, Any

from ..geometry.decisions import policy_sweep
from ..tasks.solve import Solve
from . import _form, value_iteration
from ._acting import SUBJECT, Stage
from ._form import About, Limits

__all__ = ["SUBJECT", "build"]


@_form.like(Stage, without=("worlds", "epoch", "clip_rewards"))
def build(
    world: Annotated[str, About("a file of visus/worlds, or a Gymnasium id, whose rules are known")] = "grid_world",
    epochs: Annotated[int, Limits(1), About("improvements of the policy")] = 20,
    episodes: Annotated[int, Limits(1), About("of an evaluation")] = 50,
    seed: Annotated[int, Limits(0), About("of the episodes it is judged by")] = 0,
    **settings: Any,
) -> Solve:
    """Raises LookupError or ValueError for worlds that cannot be, and for those whose rules nobody tells."""
    return value_iteration.solved(policy_sweep, Stage(world=world, episodes=episodes, **settings), epochs, seed)
