"""Does the network see nothing but background: no object at all, or one class at every pixel?"""

from typing import Any

from ...engine.task import Task
from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding
from ..instruments import found

COST = "counted from what was found or painted at an evaluation"

NEXT_TO_NOTHING = 0.01  # of the objects have an answer in their place
ONE_CLASS, TRUTH = 0.99, 0.97  # share of the pixels painted as one class, and at most so many of the true ones
STEPS, SHARE = 100, 0.3  # of a run of unknown length, and of one whose length is known: earlier it may still come


def measure(task: Task) -> dict[str, float]:
    """Figures of what a task found or painted at its last evaluation; none where it offers neither."""
    numbers: dict[str, float] = {}
    try:
        answered = getattr(task, "answered", lambda: None)()
        if answered is not None:
            numbers |= found.figures(*answered)
        painted = getattr(task, "painted", lambda: None)()
        if painted is not None:
            numbers |= _painted(painted)
    except Exception:  # an evaluation goes on, whatever this stumbles over
        return {}
    return numbers


def look(chart: Chart) -> list[Finding]:
    seen = [e for e in chart.evaluations if e.get("found_placed") is not None or e.get("painted_most") is not None]
    if not seen or not _long_enough(chart):
        return []
    last = seen[-1]
    return _objects(chart, last) if last.get("found_placed") is not None else _pixels(chart, last)


def nothing_but_background(chart: Chart) -> list[str]:
    """Sentences that the outcome is judged by."""
    return [finding.what for finding in look(chart) if not finding.healthy]


def _objects(chart: Chart, last: dict[str, Any]) -> list[Finding]:
    n, answers, placed = last["found_objects"], last["found_answers"], last["found_placed"]
    what = f"{answers:.0f} answers to pictures with {n:.0f} objects; {placed:.0%} of these have one in their place"
    if n < 5 or answers > 0 or placed > NEXT_TO_NOTHING:
        return [Finding(PASS, what)]
    return [_blamed(chart, f"nothing is found in pictures with {n:.0f} objects", "objects are few among many places")]


def _pixels(chart: Chart, last: dict[str, Any]) -> list[Finding]:
    most, true, label = last["painted_most"], last["painted_true"], int(last["painted_class"])
    what = f"{most:.1%} of the pixels are painted as class {label}, which is {true:.1%} of the true ones"
    if most <= ONE_CLASS or true >= TRUTH:
        return [Finding(PASS, what)]
    return [_blamed(chart, what, f"class {label} fills most pixels")]


def _blamed(chart: Chart, what: str, balance: str) -> Finding:
    rate = readings.peak_lr(chart)
    return Finding(
        NOTE,
        what,
        "objects as they are marked",
        f"{balance}, and to call everything background is the nearest way down; too high a rate ends there, too",
        "start the last bias at the chance of an object (-log((1 - 0.01) / 0.01)), draw as many objects as the batch "
        "has, or weigh classes by how rare they are; then lower the rate" + (f" from {rate:g}" if rate > 0 else ""),
        kind="background_only",
        where="loss (balance of background and objects)",
        weight=0.5,
    )


def _painted(confusion: Any) -> dict[str, float]:
    """Of a confusion (K, K), rows truth: the class painted most, its share, and what it is of the truth."""
    total = float(confusion.sum())
    if total <= 0:
        return {}
    said, true = confusion.sum(0), confusion.sum(1)
    label = int(said.argmax())
    return {
        "painted_most": float(said[label]) / total,
        "painted_true": float(true[label]) / total,
        "painted_class": float(label),
    }


def _long_enough(chart: Chart) -> bool:
    planned = chart.facts.get("planned_steps")
    return chart.steps >= (max(30, SHARE * planned) if planned else STEPS)
