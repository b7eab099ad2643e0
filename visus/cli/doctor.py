"""Say what is wrong with a run, why, and what to do; with --treat, prove it."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from ..doctor.diagnosis import Diagnosis
    from ..runs.reader import Run

LONG_S = 600.0  # a treatment that may take longer is confirmed by the user
COLOURS = {"ALARM": "bold red", "Healthy": "bold green", "    - ": "red", "    + ": "green"}


def command(
    run: Annotated[Path, typer.Argument(help="The run's folder: finished, stopped, diverged or still going.")],
    treat: Annotated[bool, typer.Option("--treat", help="Prove remedies by short paired trials.")] = False,
    budget: Annotated[str, typer.Option(help="Time for the trials, such as 90s or 10m.")] = "5m",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a long treatment.")] = False,
) -> int:
    """Diagnose a run from its record: is its outcome hurt, what explains it, what can be done about it?

    The exit code is 0 for a run without alarm, 1 for one with an alarm, 2 for what cannot be understood.

    Examples:

    - visus doctor runs/photos-1
    - visus doctor runs/photos-1 --treat --budget 10m   _tries each remedy against the run as it is_
    """
    from ..doctor.post_mortem import post_mortem
    from ..playbook import api
    from ..runs.reader import Run
    from ..runs.recorder import plain
    from ._app import UsageError

    try:
        seconds = api.seconds(budget)
        record = Run(run)
        diagnosis = post_mortem(record)
    except (ValueError, LookupError, OSError) as error:
        raise UsageError(str(error)) from error
    found = {"run": str(run), "diagnosis": diagnosis.to_dict()}
    if not as_json:
        _print(str(diagnosis))
    if treat and (not diagnosis.alarm or yes or _agreed(seconds)):
        found["treatment"] = _treat(record, diagnosis, seconds, as_json)
    if as_json:
        print(json.dumps(plain(found), indent=2))  # noqa: T201
    return 1 if diagnosis.alarm else 0


def _treat(record: "Run", diagnosis: "Diagnosis", seconds: float, silent: bool) -> dict[str, Any]:
    from ..playbook._session import Silent
    from ..playbook.treat import treat
    from ..runs.reader import REPORT
    from ._app import UsageError
    from ._show import terminal

    with terminal() as show:
        try:
            treatment = treat(record, Silent() if silent else show, seconds, diagnosis)
        except (ValueError, LookupError, FileNotFoundError) as error:
            raise UsageError(str(error)) from error
    if not silent:
        _print(f"\n{treatment}")
        if diagnosis.alarm:
            _print(f"\n{record.folder / REPORT}")
    return treatment.to_dict()


def _agreed(seconds: float) -> bool:
    """Ask before more than a coffee's worth of trials, where somebody is there to answer."""
    long = seconds > LONG_S and sys.stdin.isatty()
    return not long or typer.confirm(f"The trials take up to {seconds / 60:.0f} minutes. Go on?")


def _print(text: str) -> None:
    console = Console(highlight=False)
    for line in text.splitlines():
        style = next((colour for start, colour in COLOURS.items() if line.startswith(start)), "")
        # As it is: the text is wrapped already, and a command must not be broken where it would be copied.
        console.print(Text(line, style=style), soft_wrap=True)
