"""Does the network use its input: does it learn a handful of examples better than when it sees nothing?"""

import copy as copying
import math
import time
from functools import partial

import torch
from torch import Tensor

from ...engine.objective import Batch
from ...engine.seed import own_randomness
from ...engine.task import Task
from ..finding import BLOCKER, NOTE, PASS, Finding
from ..instruments import acting, generative
from ._by_heart import ADAM, FEWEST, RATES, TOGETHER, handful, least, many_answers, repeat
from ._copy import descending, patient, unexamined
from ._look import Look, blanked, look

STEPS, SECONDS = 100, 6.0  # the race need not be run to its end
AT_MOST = 0.5  # the loss with inputs, as a share of the loss of the same net that saw blank ones: clearly better
MATTERS = 0.03  # of the loss of a dense task, most of which is to know how rare objects are: the inputs say the rest
IGNORED = 0.9  # from here on the inputs made no difference


def examine(task: Task) -> list[Finding]:
    """Train twice with the same seed, rate and number of steps; only the second time the inputs are all zero."""
    if acting.acts(task):
        return [Finding(PASS, "a world may well be played without looking: random play is the yardstick")]
    if generative.are_opponents(task):
        return [Finding(PASS, "a critic that sees nothing where a picture was still tells it from others")]
    with patient(task) as copy:
        batch = handful(copy)
        return [_check(copy, index, batch) for index in range(len(descending(copy)))]


def _check(task: Task, index: int, batch: Batch) -> Finding:
    with own_randomness(0):
        seen = look(again := copying.deepcopy(task), descending(again)[index], batch)
    if not seen.networks or seen.inputs is None or seen.inputs.requires_grad:
        return unexamined("no network was seen to take an input from the data")
    with own_randomness(0), blanked(again, seen.networks[0], _targets(seen)):
        unseen = look(again, descending(again)[index], batch)
    if not _same_targets(seen, unseen):
        return unexamined("inputs and targets enter the network together, and what it is to answer would be blank too")
    share, what, longest, began = math.inf, "", 0, time.monotonic()
    many = many_answers(task, batch)
    for factor in (*RATES, ADAM):
        found, said, steps = _race(task, index, batch, factor, seen)
        (share, what), longest = min((share, what), (found, said)), max(longest, steps)
        if share <= AT_MOST or (many and time.monotonic() - began > TOGETHER):
            break
    against = f"at most {AT_MOST:g} of it"
    if share <= AT_MOST:
        return Finding(PASS, what, against)
    if _alike(batch):
        return unexamined(f"the first {len(batch[0])} examples have the same target, which can be learned blindly")
    if share <= IGNORED:
        return Finding(NOTE, what, against, "it uses its inputs, but learns little from them")
    if many and longest < FEWEST:
        return unexamined(f"time was up after {longest} steps")
    return Finding(
        NOTE if many and share < 1 - MATTERS else BLOCKER,
        what,
        against,
        cause="what the network answers does not depend on what it is shown, or the labels do not",
        remedy="follow one example from the file to the network's door; look for inputs overwritten or multiplied by 0",
        kind="inputs_ignored",
        where="inputs",
        weight=0.8,
    )


def _race(task: Task, index: int, batch: Batch, factor: float, seen: Look) -> tuple[float, str, int]:
    """The loss with inputs as a share of that with blank ones, after as many steps; a sentence about it; the steps."""
    floor = least(seen, batch)
    sighted = repeat(task, index, batch, factor, STEPS, floor, SECONDS)
    blind = partial(blanked, network=seen.networks[0], targets=_targets(seen))
    blank = repeat(task, index, batch, factor, sighted.steps, floor, SECONDS, blind)
    what = f"after {sighted.steps} steps the loss is {sighted.late:.3g} with inputs, {blank.late:.3g} with blank ones"
    if blank.learned or not math.isfinite(sighted.late):
        return 1.0, what, sighted.steps
    if sighted.learned:
        return 0.0, what, sighted.steps
    return (sighted.late / blank.late if math.isfinite(blank.late) else 0.0), what, sighted.steps


def _targets(seen: Look) -> list[Tensor]:
    return [call.targets for call in seen.losses]


def _same_targets(seen: Look, unseen: Look) -> bool:
    pairs = list(zip(_targets(seen), _targets(unseen)))
    return all(a.shape == b.shape and torch.equal(a, b) for a, b in pairs if not a.requires_grad)


def _alike(batch: Batch) -> bool:
    targets = batch[-1]
    return len(batch) > 1 and len(targets) > 1 and bool((targets == targets[:1]).all())
