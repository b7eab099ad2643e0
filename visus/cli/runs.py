"""A table of all runs: what they are, how far they are, how good they are."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


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
        table.add_row(run.name, run.started, run.recipe, run.state, _percent(run.validation), _percent(run.test))
    console.print(table)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"
