"""The doctor's part: what the run suffers from, on what evidence, and what proved to help."""

from collections.abc import Mapping
from typing import Any

from ...doctor import _text
from ...doctor.diagnosis import Diagnosis
from ...doctor.finding import BLOCKER, Finding
from ...doctor.outcome import HURT
from ...doctor.post_mortem import post_mortem
from ...runs.reader import CHART, Run
from ..figures.chart import Chart
from ..figures.treatment import Effect, effects
from ..record import Record, mapping, number, sequence
from ..wording import percent, plain
from . import verdicts


def gather(run: Run, record: Record) -> dict[str, Any] | None:
    """Verdict, causes, notes, treatment, and single findings; None if the run holds none of it."""
    diagnosis = _diagnosed(run)
    # What watchers said while the run went on is in its chart too; only a run without one has it nowhere else.
    findings = verdicts.findings(record, during=not (run.folder / CHART).is_file())
    if diagnosis is None and not findings:
        return None
    said = _said(diagnosis) if diagnosis else {}
    return {**said, "findings": findings, "treatment": _treatment(record)}


def severities(gathered: Mapping[str, Any] | None) -> list[str]:
    """Of all that was found, for the summary."""
    found = gathered or {}
    return [*found.get("severities", []), *(verdicts.severity(finding) for finding in found.get("findings", []))]


def _diagnosed(run: Run) -> Diagnosis | None:
    try:
        return post_mortem(run)
    except ValueError:
        return None  # nothing recorded yet, or run.json is damaged, which the page says elsewhere


def _said(diagnosis: Diagnosis) -> dict[str, Any]:
    state = "bad" if diagnosis.alarm else "good" if diagnosis.outcome.state == "fine" else "open"
    word, colon, rest = _text.verdict(diagnosis).partition(": ")
    return {
        "tone": state,
        "word": word,
        "verdict": f"{rest[:1].upper()}{rest[1:]}" if colon else "",
        "reasons": [f"{reason[:1].upper()}{reason[1:]}." for reason in _text.other_reasons(diagnosis)],
        "raised": _text.raised(diagnosis),
        "causes": [_cause(cause, diagnosis.settings) for cause in diagnosis.causes[: _text.MOST_CAUSES]],
        "more": max(0, len(diagnosis.causes) - _text.MOST_CAUSES),
        "notes": [_text.noted(note) for note in diagnosis.notes],
        "unexamined": [_text.because(sentence) for sentence in diagnosis.unexamined],
        # A hurt outcome is graver than any single warning about it.
        "severities": [BLOCKER if diagnosis.outcome.state == HURT else cause.severity for cause in diagnosis.causes],
    }


def _cause(cause: Finding, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": _text.title(cause),
        "severity": cause.severity,
        "what": _text.clean(cause.what),
        "against": _text.clean(cause.against),
        "cause": _text.clean(cause.cause),
        "remedy": _text.clean(cause.remedy),
        "diff": _text.diff(cause.change, settings),
    }


def _treatment(record: Record) -> dict[str, Any] | None:
    """The last treatment: its verdict, the change as a diff, a chart of the differences, every trial made."""
    events = record.of("treatment")
    if not events:
        return None
    found = events[-1]
    as_is = mapping(found.get("as_is"))
    score = str(as_is.get("scored") or "score").replace("_", " ")
    shares = score.endswith("accuracy")
    shown = percent if shares else plain
    compared = [mapping(row) for row in sequence(found.get("compared"))]
    once = [sequence(row) for row in sequence(found.get("screened"))]
    rows = [("as it is", "", as_is)] if as_is else []
    rows += [(_change(row[0]), str(row[1]).replace("_", " "), mapping(row[2])) for row in once if len(row) == 3]
    return {
        "verdict": found.get("verdict", ""),
        "helped": found.get("state") == "helped",
        "diff": [pair for pair in sequence(found.get("diff")) if len(sequence(pair)) == 2],
        "command": found.get("command", ""),
        "chart": _chart(compared, score, shares),
        "seeds": [_seeds(row, shown) for row in compared],
        "once": [
            {"name": name, "why": why, "score": shown(trial.get("score")), "diverged": bool(trial.get("diverged"))}
            for name, why, trial in rows
        ],
        "score": score,
        "by_hand": [str(text) for text in sequence(found.get("by_hand"))],
        "why": found.get("why", ""),
        "seconds": number(found.get("seconds")),
        "length": _length(mapping(found.get("plan"))),
    }


def _chart(compared: list[dict[str, Any]], score: str, shares: bool) -> Chart | None:
    found = []
    for row in compared:
        pairs = [number(pair[1]) - number(pair[0]) for pair in sequence(row.get("pairs")) if len(sequence(pair)) == 2]
        mean, low, high = (number(row.get(name)) for name in ("difference", "low", "high"))
        if mean == mean and low == low and high == high:
            found.append(Effect(_change(row.get("change")), mean, low, high, pairs, bool(row.get("helps"))))
    return effects(found, score, shares) if found else None


def _seeds(row: dict[str, Any], shown: Any) -> dict[str, Any]:
    """One comparison in words: scores, and how many of the trials were still hurt."""
    outcomes = [pair for pair in map(sequence, sequence(row.get("outcomes"))) if len(pair) == 2]
    return {
        "name": _change(row.get("change")),
        "before": shown(row.get("before")),
        "after": shown(row.get("after")),
        "n": row.get("n"),
        "helps": bool(row.get("helps")),
        "hurt_before": sum(pair[0] == "hurt" for pair in outcomes),
        "hurt_after": sum(pair[1] == "hurt" for pair in outcomes),
    }


def _change(change: object) -> str:
    return ", ".join(f"{name} {_typed(value)}" for name, value in mapping(change).items()) or "as it is"


def _typed(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _length(plan: dict[str, Any]) -> str:
    steps, share = number(plan.get("steps")), number(plan.get("share"))
    if not steps > 0:
        return ""
    return f"{plain(steps)} steps" + (f", {percent(share, 0)} of the run" if share < 1 else ", as long as the run")
