"""Look at pictures without training: what is wrong with them?"""

from typing import Annotated

import typer

CHECK_WIDTH = 19  # letters of the longest check's name, and a space


def command(
    path: Annotated[str, typer.Argument(help="A folder, a CSV table, or a named set.")],
    names: Annotated[bool, typer.Option("--names", help="List every culprit, not only the first few.")] = False,
) -> int:
    """Decode every picture and report what is unreadable, duplicated, mislabelled or odd, and which boxes, outlines
    or label maps are. Nothing is changed.

    Example: visus audit photos/
    """
    from ..playbook.audit import examine
    from ._show import terminal

    with terminal(CHECK_WIDTH) as show:
        found = examine(path, show)
        for verdict in found:
            line = verdict.what if verdict.severity == "pass" else f"{verdict.what}; {verdict.remedy}"
            show.verdict(verdict.check.replace("_", " "), line, verdict.severity)
            shown = verdict.names if names else verdict.names[:5]
            for name in shown if verdict.severity != "pass" else ():
                show.say(" " * CHECK_WIDTH + name)
    return 1 if any(verdict.severity == "blocker" for verdict in found) else 0
