"""Does the gradient of each recurrent layer reach back through time before anything is learned?"""

from collections.abc import Mapping
from typing import Any

from torch import nn

from ...engine.objective import Batch, Objective
from ...engine.task import Task
from ..during.through_time import FADED, GREW, WINDOW, reach
from ..finding import PASS, WARNING, Finding
from ..instruments.recurrence import Recurrences
from ._copy import descending, first_batch, patient, unexamined
from ._look import failure, look

LOST = 3  # steps; gates of a fresh LSTM or GRU let about ten pass, and open as they learn


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        if not any(isinstance(module, nn.RNNBase) for module in copy.modules()):
            return [Finding(PASS, "no recurrent layer of torch")]
        batch = first_batch(copy)
        return [finding for objective in descending(copy) for finding in _examine(copy, objective, batch)]


def _examine(task: Task, objective: Objective, batch: Batch) -> list[Finding]:
    hooks = Recurrences(task)
    hooks.expect(measured=True)
    seen = look(task, objective, batch)
    rows = hooks.read()
    hooks.detach()
    if seen.error:
        return [unexamined(f"the loss cannot be computed: {failure(seen.error)}")]
    found = [_judge(name, row) for name, row in rows.items() if row.get("lags")]
    return found or [Finding(PASS, "recurrent layers are called step by step, or with a step or two")]


def _judge(name: str, row: Mapping[str, Any]) -> Finding:
    steps, growth, back = row["steps"], max(row["norms"]), reach(row)
    if growth > GREW:
        return Finding(
            WARNING,
            f"the gradient through {name} grows {growth:.0e}-fold on its way back through {steps} steps",
            f"at most {GREW:g}-fold",
            cause="the recurrent weights start too large: gradients explode through time",
            remedy="start them orthogonal, clip gradients by norm (max_norm=1), or take an LSTM or a GRU",
            kind="exploding_through_time",
            where=name,
            change={"max_norm": 1.0},
            weight=0.6,
        )
    what = f"the gradient through {name} falls to {FADED:.0%} within {back} of {steps} steps"
    if back > LOST or steps < WINDOW:
        return Finding(PASS, what)
    return Finding(
        WARNING,
        what,
        f"more than {LOST}",
        cause="the recurrent weights start too small, or gates start shut: nothing is remembered",
        remedy="start recurrent weights orthogonal and the LSTM's forget bias at 1",
        kind="vanishing_through_time",
        where=name,
        weight=0.5,
    )
