"""Is the network deeper than one without shortcuts learns well?"""

from ...engine.objective import Batch, Objective
from ...engine.task import Task
from ..finding import NOTE, PASS, WARNING, Finding
from ..instruments import depth
from ..instruments.depth import MANY, TOO_MANY
from ._copy import descending, first_batch, patient, unexamined
from ._look import look


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        batch = first_batch(copy, 8)
        return [_examine(copy, objective, batch) for objective in descending(copy)]


def _examine(task: Task, objective: Objective, batch: Batch) -> Finding:
    seen = look(task, objective, batch)
    found = depth.ways(seen.outputs) if seen.outputs is not None else None
    if found is None:
        return unexamined("no answer of a network was seen whose operations could be followed")
    what = f"{found.longest} layers with weights from input to answer, {found.shortest} on the shortest way"
    if found.shortest < MANY:
        return Finding(PASS, what, f"fewer than {MANY} without a shortcut")
    return Finding(
        WARNING if found.shortest >= TOO_MANY else NOTE,
        what,
        f"fewer than {MANY} without a shortcut",
        cause="a plain net of this depth learns worse than a shallower one, also on what it is trained on: "
        "the gradient has no short way back",
        remedy="add each block's input to its output, H(x) = F(x) + x, or take fewer layers",
        kind="depth_without_shortcuts",
        where="shortcuts",
        weight=0.5,
    )
