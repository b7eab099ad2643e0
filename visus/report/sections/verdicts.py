"""The eight stages of the playbook, what each asked, what it found and how long it took."""

import math
from typing import Any

from ..record import Event, Record, mapping, number, sequence

STAGES = {
    "audit": "Are the pictures fit to learn from?",
    "split": "Is the test kept apart from the training?",
    "baselines": "What do simple methods reach?",
    "checks": "Is the network wired correctly?",
    "search": "Which settings learn best?",
    "train": "Did the training go well?",
    "test": "How good is it on pictures never seen?",
    "report": "What happened, in one page?",
}
ASKED = {  # of subjects that learn from something else than data
    "acting": {"audit": "Is the world fit to act in?", "test": "How good is it in episodes never played?"}
}
SEVERITIES = ("pass", "note", "warning", "blocker")


def gather(record: Record) -> list[dict[str, Any]] | None:
    """One row a stage, in the order of the playbook; None for a run without, as of `visus train` and `search`."""
    if not record.of("verdict") or record.only_searched:
        return None
    return [_row(stage, record) for stage in STAGES]


def question(stage: str, record: Record) -> str:
    """What a stage asks, of pictures or of other data."""
    if stage in ASKED.get(record.subject, {}):
        return ASKED[record.subject][stage]
    asked = STAGES[stage]
    return (
        asked if record.subject == "pictures" else asked.replace("the pictures", "the data").replace("pictures", "data")
    )


def severity(event: Event) -> str:
    """One of SEVERITIES; an unknown word counts as a note, so that it is neither alarming nor hidden."""
    found = event.get("severity")
    return found if found in SEVERITIES else "note"


def attention(record: Record) -> list[tuple[str, str]]:
    """(stage, severity) of the stages whose verdict warns or blocks."""
    found = [(stage, severity(verdict)) for stage in STAGES if (verdict := record.verdict(stage))]
    return [(stage, how) for stage, how in found if how in ("warning", "blocker")]


def findings(record: Record, during: bool = True) -> list[dict[str, Any]]:
    """What single examinations found, gravest first; what was said again and again during training is said once.

    during: also those of the training; where its chart was kept they are judged together instead.
    """
    before = [
        {"when": "before training", **mapping(finding)} for finding in sequence(record.detail("checks").get("findings"))
    ]
    return sorted(
        [*before, *(_during(record) if during else [])], key=lambda finding: -SEVERITIES.index(severity(finding))
    )


def _row(stage: str, record: Record) -> dict[str, Any]:
    verdict = record.verdict(stage)
    row = {"stage": stage, "question": question(stage, record)}
    if stage == "report" and not mapping((verdict or {}).get("detail")).get("skipped"):
        return row | {"severity": "pass", "badge": "pass", "line": "this page", "seconds": None}
    if verdict is None:
        return row | {"severity": "none", "badge": "not run", "line": "", "seconds": None}
    if mapping(verdict.get("detail")).get("skipped"):
        return row | {"severity": "none", "badge": "skipped", "line": verdict.get("line", ""), "seconds": None}
    return row | {
        "severity": severity(verdict),
        "badge": severity(verdict),
        "line": verdict.get("line", ""),
        "seconds": number(verdict.get("seconds")),
    }


def _during(record: Record) -> list[dict[str, Any]]:
    # watchers go on from a checkpoint, so what they say after a resumption includes what they said before it
    said = record.of("finding")
    resumptions = [i for i, event in enumerate(record.events) if event.get("event") == "resumed"]
    if resumptions:
        said = [event for event in record.events[resumptions[-1] :] if event.get("event") == "finding"] or said
    groups: dict[tuple[str, ...], list[Event]] = {}
    for event in said:
        key = tuple(str(event.get(part)) for part in ("watcher", "severity", "cause", "remedy"))
        groups.setdefault(key, []).append(event)
    return [{**group[-1], "check": group[-1].get("watcher", ""), "when": _when(group)} for group in groups.values()]


def _when(group: list[Event]) -> str:
    first, last = (number(event.get("step")) for event in (group[0], group[-1]))
    if math.isnan(first):  # a finding about the training as a whole
        return "during training"
    return f"step {first:.0f}" if first == last else f"steps {first:.0f} to {last:.0f}, {len(group)} times"
