"""Does the vocabulary know the text: few unknown words, an end to each sentence, no start among what is asked for?"""

import time
from itertools import islice

import torch
from torch import Tensor

from ...engine.objective import Objective
from ...engine.task import Task
from ..finding import NOTE, PASS, WARNING, Finding
from ._copy import descending, patient
from ._look import look
from ._sequences import asked, vocabulary

BATCHES, SECONDS = 40, 2.0
HOLES, MANY_HOLES = 0.05, 0.15  # unknown words of all; a threshold of 2 leaves 1 to 3 % in captions and translations
FEWEST = 500  # tokens


def examine(task: Task) -> list[Finding]:
    with patient(task) as copy:
        known = vocabulary(copy)
        return [finding for objective in descending(copy) for finding in _examine(copy, objective, known)]


def _examine(task: Task, objective: Objective, known: object) -> list[Finding]:
    batches = iter(task.batches())
    first = next(batches)
    targets = asked(first, look(task, objective, first))
    if targets is None:
        return [Finding(PASS, "no sequence of tokens is asked for")]
    column = next(i for i, c in enumerate(first) if c is targets)
    told, rows = targets.reshape(-1).cpu(), [targets]
    began = time.monotonic()
    for batch in islice(batches, min(BATCHES, max(1, task.steps_per_epoch)) - 1):
        rows.append(batch[column])
        if time.monotonic() - began > SECONDS:
            break
    told = torch.cat([row.reshape(-1).cpu() for row in rows])
    special = {name: _index(known, name) for name in ("pad", "start", "end", "unknown")}
    real = told[told != special["pad"]] if isinstance(special["pad"], int) else told
    real = real[real >= 0]
    found = [_holes(real, special["unknown"]), _borders(real, rows, special["start"], special["end"])]
    problems = [finding for finding in found if finding]
    return problems or [Finding(PASS, f"{len(real.unique())} different tokens in {len(real)}")]


def _index(known: object, name: str) -> object:
    """The number of a special word; None where there is none, as in a vocabulary of characters."""
    try:
        return getattr(known, name, None)
    except ValueError:
        return None


def _holes(told: Tensor, unknown: object) -> Finding | None:
    if not isinstance(unknown, int) or len(told) < FEWEST:
        return None
    share = float((told == unknown).float().mean())
    if share <= HOLES:
        return None
    return Finding(
        WARNING if share > MANY_HOLES else NOTE,
        f"{share:.0%} of the words asked for are not in the vocabulary",
        f"below {HOLES:.0%}",
        cause="the vocabulary has holes: the network learns to say that it does not know the word",
        remedy="lower the threshold of the vocabulary, or take more words",
        kind="vocabulary_holes",
        where="vocabulary (threshold)",
        weight=0.6 if share > MANY_HOLES else 0.3,
    )


def _borders(told: Tensor, rows: list[Tensor], start: object, end: object) -> Finding | None:
    if isinstance(start, int) and bool((told == start).any()):
        return Finding(
            WARNING,
            f"the start of a sentence is asked for {int((told == start).sum())} times",
            "never: it is given",
            cause="targets are not moved by one against what is shown",
            remedy="targets = tokens[:, 1:]",
            kind="targets_not_moved",
            where="targets",
            weight=0.7,
        )
    if isinstance(end, int) and len(told) >= FEWEST and not bool((told == end).any()):
        return Finding(
            WARNING,
            f"the end of a sentence is never asked for in {sum(len(row) for row in rows)} sentences",
            "once in each",
            cause="the end is missing in the targets: the network never learns to stop",
            remedy="append the end to every target",
            kind="never_ends",
            where="targets (end)",
            weight=0.7,
        )
    return None
