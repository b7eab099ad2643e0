"""A table of action values, learned step by step: Q-learning, SARSA or expected SARSA."""

from typing import Annotated, Any

from ..tasks.learn_table import METHODS, LearnTable, Name
from . import _descent, _form, _tables
from ._acting import SUBJECT, Stage
from ._form import About, Limits, Range
from ._plan import Course

__all__ = ["SUBJECT", "build"]


@_form.like(Stage)
def build(
    world: Annotated[str, About("a file of visus/worlds, or a Gymnasium id, whose states can be counted")] = (
        "grid_world"
    ),
    method: Annotated[Name, About("what is thought to follow a step")] = "q_learning",
    lr: Annotated[float, Limits(1e-6, 1.0), Range(1e-2, 1.0, log=True), About("share of the way to a new value")] = 0.2,
    schedule: Annotated[Course, About("how the rate changes")] = "linear",
    decay: Annotated[float, Limits(1e-6, 1.0), About("rate left at the end of step, exponential, inverse")] = 0.01,
    cycles: Annotated[int, Limits(1), About("equal parts of the run, for step and cyclic")] = 3,
    epsilon: Annotated[float, Limits(0.0, 1.0), About("chance of an action at random, at first")] = 1.0,
    epsilon_end: Annotated[float, Limits(0.0, 1.0), About("the same from then on")] = 0.05,
    explore: Annotated[float, Limits(0.0, 1.0), About("share of the run in which it falls, in a line")] = 0.5,
    initial: Annotated[float, About("where every value begins; high ones make it try everything")] = 0.0,
    epochs: Annotated[float, Limits(0.001), About("of `epoch` steps of the world")] = 50,
    episodes: Annotated[int, Limits(1), About("of an evaluation")] = 50,
    seed: Annotated[int, Limits(0), About("of the worlds and of what is drawn")] = 0,
    **settings: Any,
) -> LearnTable:
    """Raises LookupError or ValueError for worlds that cannot be, and for those whose states cannot be counted."""
    stage = Stage(world=world, episodes=episodes, **settings)
    known = _tables.opened(stage, seed, initial)
    steps = max(1, round(epochs * max(1, stage.epoch // stage.worlds)))
    falling = max(1.0, explore * steps * stage.worlds)  # steps of the world

    task = LearnTable(
        known.model,
        known.worlds,
        known.judged,
        method=METHODS[method],
        lr=lr,
        schedule=_descent.schedule(schedule, steps, decay, cycles),
        epsilon=lambda played: epsilon + (epsilon_end - epsilon) * min(1.0, played / falling),
        epoch=stage.epoch,
        tables=known.tables,
        ground=known.ground,
        **known.playing,
    )
    task.steps = steps
    return task
