"""Write a run's report anew."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def command(run: Annotated[Path, typer.Argument(help="The run's folder, for example runs/photos-1.")]) -> None:
    """Write report.html from what the run has recorded so far, also while it is running.

    Example: visus report runs/photos-1
    """
    from ..report.page import write

    Console(highlight=False).print(str(write(run)), soft_wrap=True)
