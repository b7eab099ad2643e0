"""The report of a run: one HTML file that opens offline, asks no network for anything and runs no script."""

from pathlib import Path
from typing import Any

from ..runs.checkpoint import write_whole
from ..runs.reader import REPORT, Run
from .wording import date, duration, percent, plain, points, short


def write(run_folder: Path) -> Path:
    """Write `run_folder`/report.html from what the run recorded, whole or not at all, and return its path.

    What the run did not reach is left out and said so. Raises FileNotFoundError if the folder holds no run, SaveError
    if the page cannot be written.
    """
    page = render(Run(run_folder))
    target = run_folder / REPORT
    write_whole(target, page.encode())
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
    environment.filters |= {word.__name__: word for word in (percent, points, plain, duration, short)}
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
        "date": date(record.info.get("started")),
        "version": records.mapping(record.info.get("versions")).get("visus"),
        "outcome": headline,
        "ledger": provenance.uses(record),
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
