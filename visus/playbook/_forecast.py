"""How long a run will take and how much memory it needs, from a few measured steps, before it starts."""

import math
from pathlib import Path

import torch

from ..engine.probe import cost, fewest_threads
from ..engine.task import Task
from ..runs.reader import Run
from ..runs.recorder import write_info
from . import search, train
from ._session import InterruptedRunError, Session
from .subjects._subject import built, of_recipe

LONG_S = 600.0  # a forecast above this is confirmed by the user, if there is one at the terminal


def tell(session: Session) -> None:
    """Choose threads and precision by measurement, say what to expect. Raises InterruptedRunError on a 'no'.

    With a budget the plan follows the time, so there is nothing to forecast.
    """
    session.show.progress("forecast", 0, 1, "measuring a few steps")
    task = built(session.learns, session.prepared, session.settings)
    session.suggest(arithmetic=str(task.precision))
    settle(session.folder, task, fewest_threads(task))
    if session.budget.seconds is not None:
        return
    measured = cost(task)
    steps = train.planned_epochs(session, task) * task.steps_per_epoch
    training = steps * measured.seconds_per_step + steps / task.steps_per_epoch * measured.seconds_per_evaluation
    searching = 0.0 if "search" in session.skip else search.allowed_seconds(session, training)
    total = training + searching
    where = of_recipe(session.learns).held(session.prepared)
    sentence = (
        f"about {duration(total)} ({duration(training)} of it training, {task.precision}) "
        f"and {measured.memory_bytes / 2**30:.1f} GiB of memory{where and f', {where}'}"
    )
    session.show.say(f"forecast   {sentence}")
    session.journal.note("forecast", seconds=total, memory_bytes=measured.memory_bytes, precision=str(task.precision))
    if total > LONG_S and not session.confirm(f"This takes {sentence}. Go on? (budget=10m keeps it short)"):
        raise InterruptedRunError("forecast", session.folder)


def settle(folder: Path, task: Task, threads: int) -> None:
    """Use so many threads from now on, and write down how the arithmetic is done: a resumed run must do the same."""
    torch.set_num_threads(threads)
    info = Run(folder).info
    hardware = {**info["hardware"], "threads": threads}
    write_info(folder, {**info, "hardware": hardware, "precision": str(task.precision)})


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3.5 h`."""
    if seconds < 99.5:
        return f"{max(1, math.ceil(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
