"""Say whether one run's model is better than another's."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def command(
    first: Annotated[Path, typer.Argument(help="A run's folder.")],
    second: Annotated[Path, typer.Argument(help="Another run's folder, tested on the same pictures.")],
) -> None:
    """The difference of two runs on their test pictures, how sure it is, and where it lies.

    The answers recorded in the runs' tests are compared, picture by picture; no picture is looked at again, so nothing
    is counted in the test ledger.

    Example: visus compare runs/photos-1 runs/photos-2
    """
    from ..playbook.compare import SURE, compare

    found = compare(first, second)
    console = Console(highlight=False)
    console.print(found.sentence, soft_wrap=True)
    for note in found.notes:
        console.print(f"- {note}", soft_wrap=True)
    table = Table("class", "pictures", found.first, found.second, "points", "", box=None, header_style="dim")
    for of in found.classes:
        change = 100 * (of.second - of.first)
        sure = f"p = {of.p:.2g}" if of.p < SURE else ""
        table.add_row(of.name, str(of.n), f"{100 * of.first:.1f} %", f"{100 * of.second:.1f} %", f"{change:+.1f}", sure)
    console.print(table)
    shares = [f"{100 * share:.1f} %" for share in found.accuracy]
    console.print(
        f"All: {shares[0]} and {shares[1]}. A p by a class is corrected for asking of every class.", style="dim"
    )
