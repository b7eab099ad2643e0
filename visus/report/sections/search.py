"""The search: every trial, which settings did best, and whether the best lies on a border."""

import math
from typing import Any

from ..figures.chart import Chart
from ..figures.search import Trial
from ..figures.search import search as chart
from ..record import Event, Record, mapping, number, sequence

_MAX_SETTINGS = 6  # charts shown; settings that never varied have none
_BEST_TRIALS = 5


def gather(record: Record) -> dict[str, Any] | None:
    """A chart a searched setting, the best trials, the border warning; None if no trial was made."""
    trials = record.of("trial")
    if not trials:
        return None
    detail = record.detail("search")
    ranked = sorted((trial for trial in trials if not _lost(trial)), key=lambda trial: -number(trial.get("score")))
    settings = list(dict.fromkeys(name for trial in trials for name in mapping(trial.get("settings"))))
    ranges = mapping(detail.get("ranges"))
    charts = [_chart(name, trials, sequence(ranges.get(name))) for name in settings if _varies(name, trials)]
    return {
        "n": len(trials),
        "rounds": len({trial.get("round") for trial in trials}),
        "diverged": len(trials) - len(ranked),
        "charts": charts[:_MAX_SETTINGS],
        "best": [_row(trial) for trial in ranked[:_BEST_TRIALS]],
        "border": [
            _border(str(name), mapping(detail.get("best")), sequence(ranges.get(str(name))))
            for name in sequence(detail.get("border"))
        ],
    }


def _lost(trial: Event) -> bool:
    return bool(trial.get("diverged")) or math.isnan(number(trial.get("score")))


def _varies(name: str, trials: list[Event]) -> bool:
    return len({str(mapping(trial.get("settings")).get(name)) for trial in trials}) > 1


def _chart(name: str, trials: list[Event], searched: list[Any]) -> Chart:
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
    return chart(name, points, log, bounds)


def _word(value: object) -> str:
    return f"{number(value):.4g}" if math.isfinite(number(value)) else str(value)


def _row(trial: Event) -> dict[str, Any]:
    settings = {name: _word(value) for name, value in mapping(trial.get("settings")).items()}
    return {**trial, "score": number(trial.get("score")), "seconds": number(trial.get("seconds")), "settings": settings}


def _border(name: str, best: dict[str, Any], searched: list[Any]) -> str:
    if name not in best:
        return name  # already a sentence
    place = f"The best {name}, {_word(best[name])}, lies at the edge of the range searched"
    if len(searched) >= 2:
        place += f" ({_word(searched[0])} to {_word(searched[1])})"
    return f"{place}: better values may lie beyond. Widen the range there and search again."
