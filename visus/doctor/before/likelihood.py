"""Are both terms of an evidence bound in nats of a picture, before hours are spent on another bound?"""

import time
from dataclasses import replace
from itertools import islice

from ...engine.task import Task
from ..chart import Chart
from ..during import evidence
from ..finding import BLOCKER, PASS, Finding
from ..instruments import believed
from ._copy import descending, patient

UPDATES, SECONDS = 10, 3.0  # before any, the divergence is next to nothing


def examine(task: Task) -> list[Finding]:
    """A few updates on a copy, then both terms of its loss beside what they are in nats."""
    if getattr(task, "weight_of_kl", None) is None:
        return [Finding(PASS, "no evidence bound is raised")]
    with patient(task) as copy:
        began = time.monotonic()
        for batch in islice(copy.batches(), UPDATES):
            if time.monotonic() - began < SECONDS:
                descending(copy)[0].improve(batch)
        found = believed.figures(copy)
    findings = evidence.look(Chart(evaluations=[found]))
    return [f if f.healthy else replace(f, severity=BLOCKER) for f in findings]
