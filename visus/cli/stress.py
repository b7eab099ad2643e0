"""Find out what a model stands: noise, blur, bad light, another viewpoint, something in front."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def command(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    data: Annotated[str, typer.Argument(help="Labelled pictures. Nothing: the validation pictures of the run.")] = "",
) -> None:
    """Accuracy on pictures changed in nine ways, at five severities each, and a page with examples.

    Example: visus stress runs/photos-1
    """
    from ..playbook.stress import SEVERITIES, findings, stress
    from ..ship.model import load
    from ._show import terminal

    with terminal() as show:
        found = stress(run, data, show)
    table = Table("severity", *map(str, SEVERITIES), box=None, header_style="dim")
    for name in found.ranked:
        table.add_row(name, *(f"{100 * share:.1f} %" for share in found.accuracy[name]))
    console = Console(highlight=False)
    console.print(table)
    for sentence in findings(found, len(load(run).classes)):
        console.print(f"- {sentence}")
    console.print(str(found.page), soft_wrap=True)
