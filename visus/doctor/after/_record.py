"""What several post-mortems read off a record; nothing here trusts it to be whole."""

import json
import math
from collections.abc import Mapping
from typing import Any

from ...runs.reader import EVENTS, RUN, Run

Event = dict[str, Any]


def lines(run: Run) -> list[Event]:
    """Every event as it was written, oldest first, those of attempts that were lost to a kill among them."""
    path = run.folder / EVENTS
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ():
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            continue  # torn by a kill
        if isinstance(event, dict) and "event" in event:
            found.append(event)
    return found


def info(run: Run) -> dict[str, Any]:
    """run.json. Raises ValueError if it is not whole."""
    try:
        return mapping(run.info)
    except ValueError as error:
        raise ValueError(f"{run.folder / RUN} is damaged ({error}); restore it from a copy") from error


def settings(run: Run) -> dict[str, Any]:
    """What the run was trained with: of a playbook's run, what its search and its stages settled on."""
    chosen = [mapping(event.get("settings")) for event in run.events("settings")]
    return mapping(info(run).get("settings")) | (chosen[-1] if chosen else {})


def detail(run: Run, stage: str) -> dict[str, Any]:
    """What a stage of the playbook measured; empty if it was not reached or was skipped."""
    verdicts = [e for e in run.events("verdict") if e.get("stage") == stage]
    found = mapping(verdicts[-1].get("detail")) if verdicts else {}
    return {} if found.get("skipped") else found


def best_score(run: Run) -> float:
    """Best validation score of the run, NaN if there is none."""
    first = [number(next(iter(mapping(e.get("scores")).values()), None)) for e in run.events("scores")]
    return max((score for score in first if not math.isnan(score)), default=math.nan)


def number(value: object) -> float:
    """A float; NaN for whatever is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value) if math.isfinite(value) else math.nan


def mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
