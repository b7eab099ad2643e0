"""The report of a run: one HTML file that opens offline, asks no network for anything and runs no script."""

from pathlib import Path
from typing import Any

from ..runs.checkpoint import write_whole
from ..runs.reader import REPORT, Run
from .wording import date, duration, figure_of, measured, percent, plain, points, short


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
    environment.filters |= {
        word.__name__: word for word in (percent, points, plain, duration, short, measured, figure_of)
    }
    return environment.get_template("page.html").render(_context(run))


def _context(run: Run) -> dict[str, Any]:
    from . import record as records
    from .sections import (
        acting,
        baselines,
        captions,
        data,
        detection,
        doctor,
        explain,
        filters,
        generation,
        glimpses,
        language,
        outcome,
        provenance,
        results,
        robustness,
        search,
        segmentation,
        told,
        training,
        translation,
        verdicts,
    )
    from .summary import summarise

    record = records.read(run)
    headline = outcome.gather(record)
    diagnosed = None if record.only_searched else doctor.gather(run, record)
    context: dict[str, Any] = {
        "name": str(record.info.get("name") or run.folder.name),
        "recipe": record.info.get("recipe"),
        "date": date(record.info.get("started")),
        "version": records.mapping(record.info.get("versions")).get("visus"),
        "outcome": headline,
        "ledger": provenance.uses(record),
        "summary": summarise(record, headline, doctor.severities(diagnosed)),
        "best": search.best_score(record) if record.only_searched else training.best_score(record),
        "doctor": diagnosed,
        "troubles": record.troubles,
        "attempts": training.attempts(record),
        "provenance": provenance.gather(record),
        "verdicts": verdicts.gather(record),
        "baselines": baselines.gather(record, headline),
        "test": results.gather(record),
        "told": told.gather(record),
        "language": language.gather(record),
        "captions": captions.gather(record),
        "detection": detection.gather(record),
        "segmentation": segmentation.gather(record),
        "generation": generation.gather(run, record),
        "acting": acting.gather(run, record),
        "translation": translation.gather(record),
        "training": training.gather(record),
        "filters": filters.gather(record),
        "glimpses": glimpses.gather(run, record),
        "explained": explain.gather(record),
        "robustness": robustness.gather(record),
        "search": search.gather(record),
        "data": data.gather(record),
    }
    return context | {"absent": _absent(context, record.only_searched)}


def _absent(context: dict[str, Any], only_searched: bool) -> list[str]:
    """Sentences on the parts this run does not have."""
    said = {
        "verdicts": "Verdicts: none. Only `visus fit` goes through the eight stages; this run reached none.",
        "data": "Audit: not made, so nothing is known here about the pictures themselves.",
        "baselines": "Baselines: not measured, so nothing tells what a simple method reaches.",
        "search": "Search: not made; the settings are those given, or the recipe's own.",
        "training": "Training: no step recorded.",
        "test": "Test: not made, so there is no confusion matrix, no table of classes and no picture of a mistake.",
        "filters": "First-layer filters: none kept; only a network that begins with a convolution has any.",
    }
    if only_searched:
        return ["This is a search alone: no network was trained to the end, examined or tested."]
    # these say themselves what simple methods reach, and have neither classes nor pictures
    if any(context[part] for part in ("language", "translation", "generation", "acting")):
        said = {part: said[part] for part in ("verdicts", "search", "training")}
    tested = context["test"] or context["told"] or context["captions"] or context["detection"]
    tested = tested or context["segmentation"]
    return [sentence for part, sentence in said.items() if not (tested if part == "test" else context[part])]
