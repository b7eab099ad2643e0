"""Did a resume go on with the run as it was, or change it?"""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import mean

from ...runs.reader import Run
from ..finding import NOTE, PASS, Finding
from ._record import Event, info, lines, mapping, number

SAME = 1e-6  # relative difference below which two logged figures are one: they are rounded on their way to the disk
APART = 1e-3  # of the loss: repeated steps that differ by more were not the same steps; a GPU's order of sums is below
REACH = 5  # log lines on either side of a resume that its losses are compared over
SURE = 4.0  # standard errors: a run has few resumes but many places where a loss may jump
FEWEST = 3  # log lines that say anything
LEAP, BEYOND = 1.2, 5.0  # factor between two rates, and how many times the leaps just before; schedules are smooth

REMEDY = "restore weights, optimizer, schedule position and random state together, or train again from the start"


def examine(run: Run) -> list[Finding]:
    written = lines(run)
    resumed = [i for i, event in enumerate(written) if event["event"] == "resumed" and number(event.get("step")) > 0]
    if not resumed:
        return []
    found = [_versions(run, written[i]) for i in resumed]
    for i in resumed:
        step = number(written[i]["step"])
        ends = next((j for j in resumed if j > i), len(written))
        later = _metrics(written[i:ends])
        earlier = _metrics(written[:i])
        lost = [event for event in earlier if number(event["step"]) >= step]
        kept = [event for event in _latest(earlier) if number(event["step"]) < step]
        found += [_repeated(step, lost, later), _leapt(step, kept, later), _jumped(step, kept, later)]
    ill = [finding for finding in found if finding is not None]
    return ill or [Finding(PASS, f"after {_times(len(resumed))} the losses and rates go on as before")]


def _versions(run: Run, resumed: Event) -> Finding | None:
    """Programs that changed between the attempts, where the resume wrote them down."""
    before, after = mapping(info(run).get("versions")), mapping(resumed.get("versions"))
    changed = [
        f"{name} {before[name]} to {after[name]}" for name in after if after[name] != before.get(name, after[name])
    ]
    if not changed:
        return None
    what = f"resumed at step {resumed['step']} with other versions: {', '.join(changed)}"
    return _ill(what, "the versions that the run began with", "other code may do other arithmetic", 0.3)


def _repeated(step: float, lost: Sequence[Event], later: Sequence[Event]) -> Finding | None:
    """Steps that were lost with their weights and taken again must come out the same."""
    first = {_key(event): event for event in lost}
    # The first line after a resume may average fewer steps than the line it repeats.
    pairs = [(first[_key(event)], event) for event in later[1:] if _key(event) in first]
    rates = [(number(a.get("lr")), number(b.get("lr"))) for a, b in pairs]
    other = next(((a, b) for a, b in rates if abs(a - b) > SAME * max(abs(a), abs(b))), None)
    if other is not None:
        what = f"after the resume at step {step:.0f} a repeated step has lr {other[1]:.3g}, not {other[0]:.3g}"
        return _ill(
            what, "the same rate at the same step", "the schedule or the setting lr did not come back", 0.9, True
        )
    losses = [(number(a.get("loss")), number(b.get("loss"))) for a, b in pairs]
    known = [(a, b) for a, b in losses if not math.isnan(a + b)]
    if len(known) < FEWEST:
        return None
    difference, level = mean(abs(a - b) for a, b in known), mean(abs(a) for a, _ in known)
    if difference <= APART * level:
        return None
    what = f"losses repeated after the resume at step {step:.0f} differ by {difference:.2g} from what they were"
    return _ill(
        what, "the same losses at the same steps", "weights, batches or random state did not come back", 0.6, True
    )


def _leapt(step: float, kept: Sequence[Event], later: Sequence[Event]) -> Finding | None:
    """The learning rate leaps at the resume as it did not before it."""
    rates = [[number(event.get("lr")) for event in part] for part in (kept, later)]
    if min(map(len, rates)) < FEWEST or not all(rate > 0 for part in rates for rate in (part[-1], part[0])):
        return None
    leaps = [_ratio(a, b) for a, b in pairwise(rates[0][-REACH:]) if a > 0 and b > 0]
    here = _ratio(rates[0][-1], rates[1][0])
    if here < LEAP or math.log(here) <= BEYOND * math.log(max(leaps, default=1.0)):
        return None
    what = f"at the resume at step {step:.0f} the learning rate leaps from {rates[0][-1]:.3g} to {rates[1][0]:.3g}"
    return _ill(what, "the schedule going on", "the schedule did not go on where it was", 0.8, True)


def _jumped(step: float, kept: Sequence[Event], later: Sequence[Event]) -> Finding | None:
    """The loss rises at the resume: by more than the noise, and by more than anywhere else in the run."""
    losses = [[x for event in part if not math.isnan(x := number(event.get("loss")))] for part in (kept, later)]
    before, after = losses
    if min(len(before), len(after)) < FEWEST:
        return None
    reach = min(REACH, len(before), len(after))
    rise = mean(after[:reach]) - mean(before[-reach:])
    noise = math.sqrt(mean((a - b) ** 2 for part in losses for a, b in pairwise(part)) / 2)
    elsewhere = [
        mean(part[i : i + reach]) - mean(part[i - reach : i])
        for part in losses
        for i in range(reach, len(part) - reach + 1)
    ]
    if rise <= SURE * noise * math.sqrt(2 / reach) or rise <= max(elsewhere, default=0.0):
        return None
    what = (
        f"at the resume at step {step:.0f} the loss jumps from {mean(before[-reach:]):.3g} to {mean(after[:reach]):.3g}"
    )
    against = f"a step-to-step noise of {noise:.2g}"
    return _ill(what, against, "the run did not go on with the weights or the optimizer state it had", 0.6)


def _ill(what: str, against: str, cause: str, weight: float, defect: bool = False) -> Finding:
    return Finding(
        NOTE, what, against, cause, REMEDY, kind="resume_changed", where="resume", weight=weight, defect=defect
    )


def _metrics(events: Sequence[Event]) -> list[Event]:
    return [e for e in events if e["event"] == "metrics" and not math.isnan(number(e.get("step")))]


def _latest(events: Sequence[Event]) -> list[Event]:
    """One line a step, the one that was written last: earlier ones were lost with their weights."""
    found = {_key(event): event for event in events}
    return sorted(found.values(), key=lambda event: number(event["step"]))


def _key(event: Event) -> tuple[float, str]:
    return number(event["step"]), str(event.get("objective"))


def _ratio(a: float, b: float) -> float:
    return max(a / b, b / a)


def _times(n: int) -> str:
    return "the resume" if n == 1 else f"{n} resumes"
