"""The search: its rounds and ranges, every trial, the best again over seeds, and whether the best lies on a border."""

import math
from typing import Any

from ..figures.chart import Chart
from ..figures.search import Trial
from ..figures.search import search as chart
from ..measures import SHARES, Scale, of_subject
from ..record import Event, Record, mapping, number, sequence
from ..wording import FIRM

_MAX_SETTINGS = 6  # charts shown; settings that never varied have none
_BEST_TRIALS = 5


def _measure(scale: Scale) -> str:
    """What the score is, '' of shares: the page has the word for them."""
    if scale is SHARES:
        return ""
    return "that in nats" if scale.factor < 0 else f"the {scale.name}"


def gather(record: Record) -> dict[str, Any] | None:
    """A chart a searched setting, the best trials, the border warning; None if no trial was made."""
    trials = record.of("trial")
    if not trials:
        return None
    detail, scale = record.detail("search"), of_subject(record.subject)
    ranked = sorted((trial for trial in trials if not _lost(trial)), key=lambda trial: -number(trial.get("score")))
    settings = list(dict.fromkeys(name for trial in trials for name in mapping(trial.get("settings"))))
    ranges = mapping(detail.get("ranges"))
    charts = [_chart(name, trials, sequence(ranges.get(name)), scale) for name in settings if _varies(name, trials)]
    return {
        "n": len(trials),
        "said": lambda score: scale.said(score).replace(" ", FIRM),
        "measure": _measure(scale),
        "interval": scale.interval,
        "rounds": len({trial.get("round") for trial in trials}),
        "diverged": len(trials) - len(ranked),
        "strategy": str(detail.get("strategy") or "").replace("_", " "),
        "stages": [_stage(event, trials) for event in record.of("round")],
        "repeats": [_repeat(row) for row in map(mapping, sequence(detail.get("repeats")))],
        "lead": _lead(detail, scale),
        "unstable": [_unstable(str(name), mapping(detail.get("best"))) for name in sequence(detail.get("unstable"))],
        "charts": charts[:_MAX_SETTINGS],
        "best": [_row(trial) for trial in ranked[:_BEST_TRIALS]],
        "border": [
            _border(str(name), mapping(detail.get("best")), sequence(ranges.get(str(name))))
            for name in sequence(detail.get("border"))
        ],
    }


def best_score(record: Record) -> tuple[str, float] | None:
    """(name, value) of what a search alone came to: the winner's mean over seeds, or the best trial's score."""
    scale = of_subject(record.subject)
    name, sign = scale.name, math.copysign(1.0, scale.factor)
    means = [number(mapping(row).get("mean")) for row in sequence(record.detail("search").get("repeats"))]
    finite = [mean for mean in means if math.isfinite(mean)]
    if finite:
        return f"mean {name} over seeds", sign * max(finite)
    scores = [number(trial.get("score")) for trial in record.of("trial") if not _lost(trial)]
    return (f"{name} of a trial", sign * max(scores)) if scores else None


def _lost(trial: Event) -> bool:
    return bool(trial.get("diverged")) or math.isnan(number(trial.get("score")))


def _varies(name: str, trials: list[Event]) -> bool:
    return len({str(mapping(trial.get("settings")).get(name)) for trial in trials}) > 1


def _chart(name: str, trials: list[Event], searched: list[Any], scale: Scale) -> Chart:
    values = [mapping(trial.get("settings")).get(name) for trial in trials]
    low, high = (number(end) for end in [*searched, None, None][:2])
    numeric = all(math.isfinite(number(value)) for value in values if value is not None)
    log = (
        bool(searched[2:] and searched[2])
        and low > 0
        and numeric
        and all(number(v) > 0 for v in values if v is not None)
    )
    points = [
        Trial(
            float(number(value)) if numeric else _word(value),
            math.nan if _lost(trial) else number(trial.get("score")),
            int(number(trial.get("round"))) if number(trial.get("round")) >= 1 else 1,
        )
        for value, trial in zip(values, trials)
        if value is not None
    ]
    bounds = (low, high) if numeric and math.isfinite(low) and math.isfinite(high) else None
    return chart(name, points, log, bounds, scale)


def _word(value: object) -> str:
    return f"{number(value):.4g}" if math.isfinite(number(value)) else str(value)


def _row(trial: Event) -> dict[str, Any]:
    settings = {name: _word(value) for name, value in mapping(trial.get("settings")).items()}
    return {**trial, "score": number(trial.get("score")), "seconds": number(trial.get("seconds")), "settings": settings}


def _stage(event: Event, trials: list[Event]) -> dict[str, Any]:
    """One round: where it looked, and what it found there."""
    mine = [trial for trial in trials if trial.get("round") == event.get("number")]
    scores = [number(trial.get("score")) for trial in mine if not _lost(trial)]
    spans = {name: _span(sequence(values)) for name, values in mapping(event.get("spans")).items()}
    return {
        "number": number(event.get("number")),
        "trials": len(mine),
        "epochs": number(event.get("epochs")),
        "spans": spans,
        "widened": [str(name) for name in sequence(event.get("widened"))],
        "best": max(scores, default=math.nan),
        "diverged": len(mine) - len(scores),
    }


def _span(values: list[Any]) -> str:
    """[0.001, 1, true] -> `0.001 to 1`; ["sgd", "adam"] -> `sgd or adam`."""
    if len(values) == 3 and isinstance(values[2], bool) and math.isfinite(number(values[0])):
        return f"{number(values[0]):.2g} to {number(values[1]):.2g}"
    return " or ".join(_word(value) for value in values)


def _repeat(row: dict[str, Any]) -> dict[str, Any]:
    figures = {name: number(row.get(name)) for name in ("mean", "low", "high")}
    settings = {name: _word(value) for name, value in mapping(row.get("settings")).items()}
    scores = [number(score) for score in sequence(row.get("scores"))]
    return {**figures, "settings": settings, "scores": scores, "sound": all(map(math.isfinite, scores))}


def _lead(detail: dict[str, Any], scale: Scale) -> str:
    """Whether the first is better than the second, in a sentence; empty where it was not measured."""
    lead = mapping(detail.get("lead"))
    mean, low, high = (number(lead.get(name)) for name in ("mean", "low", "high"))
    if not math.isfinite(mean):
        return ""
    ends = sorted(abs(scale.factor) * end + 0.0 for end in (low, high))
    sure = (
        f", 95 % interval {ends[0]:.{scale.digits}f} to {ends[1]:.{scale.digits}f}, seed by seed"
        if math.isfinite(low)
        else ""
    )
    verdict = "clearly better than" if detail.get("clear") else "not clearly better than"
    return f"The first is {verdict} the second: {scale.difference(mean)}{sure}."


def _unstable(name: str, best: dict[str, Any]) -> str:
    here = f", {_word(best[name])}," if name in best else ""
    return (
        f"The best {name}{here} lies next to the unstable region: trials with up to three times as much diverged or "
        "ended at a guess. A longer or different training may tip over; prefer a little less to a little more."
    )


def _border(name: str, best: dict[str, Any], searched: list[Any]) -> str:
    if name not in best:
        return name  # already a sentence
    place = f"The best {name}, {_word(best[name])}, lies at the edge of the range searched"
    if len(searched) >= 2:
        place += f" ({_word(searched[0])} to {_word(searched[1])})"
    return f"{place}: better values may lie beyond. Widen the range there and search again."
