"""Examine a recipe, or anybody's training script, before it is trained."""

import json
from typing import Annotated

import typer

CHECK_WIDTH = 18  # letters of the longest examination's name, and a space


def command(
    target: Annotated[str, typer.Argument(metavar="SCRIPT_OR_RECIPE", help="A Python file, or a recipe's name.")],
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SETTING=VALUE]...", help="Of the recipe (`visus recipes RECIPE` lists them); or -- and arguments."
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too, not only blockers.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything that was found as JSON.")] = False,
    limit: Annotated[float, typer.Option(help="Seconds a script may take to its first training steps.")] = 120.0,
) -> int:
    """Examine before training: loss at start, head, inputs, weights, gradients, and whether it can learn at all.

    A script needs no change: it is run, with the current folder and its arguments, until it has taken three steps of
    training; then its networks, loss and optimizers are examined on copies, and it is ended without saving anything.
    What it does before, such as reading data or making folders, it really does.

    Examples:

    - visus check digits lr=0.05
    - visus check train.py
    - visus check train.py -- --epochs 10 --data photos/

    It takes seconds for a small network and a minute or two for a large one. Exit code: 0 without a
    blocker (with --strict: without a warning), 1 with one or if the script could not be examined, 2 if what was typed
    means nothing.
    """
    from ..doctor.finding import worst
    from ..doctor.preflight import Examined
    from ..playbook import check
    from ..playbook._session import Silent
    from ._app import UsageError
    from ._show import terminal

    found: list[Examined] = []
    with terminal(CHECK_WIDTH) as show:
        try:
            heard = check.begin(target, settings or [], limit, Silent() if as_json else show)
        except (ValueError, LookupError) as error:
            raise UsageError(str(error)) from error
        for news in heard:
            if isinstance(news, Examined):
                found.append(news)
            if as_json:
                continue
            if isinstance(news, str):
                show.say(news)
            else:
                for finding in news.findings:
                    show.verdict(news.name.replace("_", " "), check.line(finding), finding.severity)
        severity = worst(examined.severity for examined in found)
        if as_json:
            print(json.dumps(check.as_dict(target, found), indent=2))  # noqa: T201
        else:
            show.say(check.summary(found))
    return 1 if severity == "blocker" or (strict and severity == "warning") else 0
