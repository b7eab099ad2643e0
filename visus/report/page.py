"""The report of a run: one HTML file that opens offline, asks no network for anything and runs no script."""

import math
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from ..runs.reader import REPORT, Run


def write(run_folder: Path) -> Path:
    """Write `run_folder`/report.html from what the run recorded, whole or not at all, and return its path.

    What the run did not reach is left out and said so. Raises FileNotFoundError if the folder holds no run.
    """
    page = render(Run(run_folder))
    target = run_folder / REPORT
    temporary = run_folder / f".{REPORT}.{os.getpid()}"
    try:
        temporary.write_text(page, encoding="utf-8", newline="\n")
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return target


def render(run: Run) -> str:
    """The page as text."""
    # matplotlib and Jinja take a second to load, and most commands that import this module never write a report
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.ChainableUndefined,  # a key that an older run did not write is a blank, not a crash
    )
    environment.filters.update(percent=_percent, points=_points, duration=_duration, plain=_plain, short=_short)
    return environment.get_template("page.html").render(_context(run))


def _context(run: Run) -> dict[str, Any]:
    from . import record as records
    from .sections import baselines, data, filters, outcome, provenance, results, search, training, verdicts
    from .summary import summarise

    record = records.read(run)
    headline = outcome.gather(record)
    findings = verdicts.findings(record)
    context: dict[str, Any] = {
        "name": str(record.info.get("name") or run.folder.name),
        "recipe": record.info.get("recipe"),
        "date": _date(record.info.get("started")),
        "version": records.mapping(record.info.get("versions")).get("visus"),
        "outcome": headline,
        "ledger": provenance.ledger(record),
        "summary": summarise(record, headline, [verdicts.severity(finding) for finding in findings]),
        "best": training.best_score(record),
        "findings": findings,
        "troubles": record.troubles,
        "attempts": training.attempts(record),
        "provenance": provenance.gather(record),
        "verdicts": verdicts.gather(record),
        "baselines": baselines.gather(record, headline),
        "test": results.gather(record),
        "training": training.gather(record),
        "filters": filters.gather(record),
        "search": search.gather(record),
        "data": data.gather(record),
    }
    return context | {"absent": _absent(context)}


def _absent(context: dict[str, Any]) -> list[str]:
    """Sentences on the parts this run does not have."""
    said = {
        "verdicts": "No verdicts: the run was started without the playbook; `visus fit` goes through its eight stages.",
        "data": "No audit: nothing is known here about the pictures themselves.",
        "baselines": "No baselines: nothing says what a simple method would reach.",
        "search": "No search: the settings were given, not searched.",
        "training": "No training: the run stopped before the first step was recorded.",
        "test": "No test: the network was not measured on pictures kept apart, so there is no table of classes.",
        "filters": "No first-layer filters: the network does not begin with a convolution of colours, or kept none.",
    }
    return [sentence for part, sentence in said.items() if not context[part]]


def _date(started: object) -> str:
    try:
        when = datetime.fromisoformat(str(started))
    except ValueError:
        return str(started) if started else ""
    zone = f" {when.tzname()}" if when.tzinfo else ""
    return f"{when.day} {when:%B %Y, %H:%M}{zone}"


def _percent(fraction: object, digits: int = 1) -> str:
    value = _float(fraction)
    return "–" if math.isnan(value) else f"{100 * value:.{digits}f}\u00a0%"


def _points(fraction: object) -> str:
    """A fraction as a percentage without its sign, for tables whose heading carries it and for lengths in CSS."""
    value = _float(fraction)
    return "–" if math.isnan(value) else f"{100 * value:.0f}"


def _duration(seconds: object) -> str:
    value = _float(seconds)
    if math.isnan(value) or value < 0:
        return ""
    if value < 9.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _plain(value: object) -> str:
    number = _float(value)
    if math.isnan(number):
        return "" if value is None else str(value)
    return f"{number:,.0f}".replace(",", "\u2009") if number == int(number) else f"{number:.4g}"


def _short(text: object, length: int = 60) -> str:
    """Both ends of a long text: of a huge file name the folder and the number are what one looks for."""
    whole = str(text)
    head = (length - 1) // 2
    return whole if len(whole) <= length else f"{whole[:head]}…{whole[len(whole) - (length - 1 - head) :]}"


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else math.nan
