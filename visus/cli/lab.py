"""Run one of the textbook's experiments and look at it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def command(
    experiment: Annotated[str, typer.Argument(help="An experiment. Nothing: list all of them.")] = "",
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="[SETTING=VALUE]...", help="`visus lab` lists what there is.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder for the page and its numbers.")] = Path("lab"),
) -> None:
    """Measure a textbook's experiment here and now: what was found, as sentences and as a page with figures.

    Examples:

    - visus lab
    - visus lab step_size steps=50
    """
    from .. import lab
    from ..engine import catalogue
    from ..lab._exhibit import write
    from ..recipes import _form
    from ._app import UsageError

    console = Console(highlight=False)
    if not experiment:
        table = Table.grid(padding=(0, 2))
        for name in catalogue.names(lab):
            table.add_row(name, catalogue.card(lab, name))
        console.print(table)
        console.print("\n`visus lab NAME` runs one and writes lab/NAME.html", style="dim")
        return
    try:
        run = catalogue.find(lab, experiment).run
        values = _form.read(run, _form.words(settings or []))
    except (ValueError, LookupError) as error:
        raise UsageError(str(error)) from error
    with console.status(f"{experiment} ...") if console.is_terminal else Console(quiet=True):
        exhibit = run(**values)
    for sentence in exhibit.findings:
        console.print(f"- {sentence}")
    page = write(experiment, catalogue.card(lab, experiment), _form.resolved(run, values), exhibit, out)
    console.print(str(page), soft_wrap=True)
