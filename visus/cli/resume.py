"""Go on with an interrupted run, exactly where it stopped."""

from pathlib import Path
from typing import Annotated

import typer


def command(run: Annotated[Path, typer.Argument(help="The run's folder, for example runs/photos-1.")]) -> int:
    """Continue a run that was stopped or killed; its result is bit for bit that of an uninterrupted one.

    Example: visus resume runs/photos-1
    """
    from ..playbook import api
    from ..playbook._session import InterruptedRunError
    from ._show import terminal

    with terminal() as show:
        try:
            fitted = api.resume(run, show)
        except InterruptedRunError as stopped:
            show.say(str(stopped))
            return 1
    return 0 if fitted.healthy else 1
