"""A table of all runs: what they are, how far they are, how good they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from ..runs.reader import Summary


def command(
    runs: Annotated[Path, typer.Option(help="The folder that keeps all runs.")] = Path("runs"),
) -> None:
    """Every run, newest first: its state, its best validation score, its test score.

    Example: visus runs
    """
    from ..runs.reader import summaries

    found = summaries(runs)
    console = Console(highlight=False)
    if not found:
        console.print(f"no runs in {runs}; `visus fit digits` makes one")
        return
    table = Table("run", "started", "recipe", "state", "validation", "test", box=None, header_style="dim")
    for run in found:
        table.add_row(run.name, run.started, run.recipe, run.state, *_scores(run))
    console.print(table)


def _scores(run: Summary) -> tuple[str, str]:
    """Best validation score and test score in words, '' where there is none."""
    from ..report import measures
    from ..report.wording import score

    validation, test = run.validation, run.test
    name, measure = run.measures
    share = name.endswith(("accuracy", "precision", "r2", "variance"))
    shown = "" if validation is None else f"{100 * validation:.1f} %" if share else score(name, validation)
    return shown, "" if test is None else measures.named(measure).brief(test)
