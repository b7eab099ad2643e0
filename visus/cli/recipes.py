"""List the ready-made runs, or the settings of one."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def command(
    recipe: Annotated[str, typer.Argument(help="A recipe, to see its settings. Nothing: list all recipes.")] = "",
) -> None:
    """Every ready-made run, one line each; with a name, its settings with their defaults and ranges.

    Examples:

    - visus recipes
    - visus recipes classify
    """
    from .. import recipes
    from ..engine import catalogue

    console = Console(highlight=False)
    if not recipe:
        table = Table.grid(padding=(0, 2))
        for name in catalogue.names(recipes):
            table.add_row(name, catalogue.card(recipes, name))
        console.print(table)
        console.print("\n`visus train NAME` starts one, `visus recipes NAME` lists its settings", style="dim")
        return
    console.print(_settings(recipe))


def _settings(recipe: str) -> Table:
    from .. import recipes
    from ..engine import catalogue
    from ..recipes import _form
    from ._app import UsageError

    try:
        build = catalogue.find(recipes, recipe).build
    except LookupError as error:
        raise UsageError(str(error)) from error
    table = Table("setting", "default", "may be", "meaning", box=None, header_style="dim")
    for field in _form.fields(build).values():
        known = catalogue.names(field.choice.folder) if field.choice else field.words
        searched = f"searched {field.search.low:g} to {field.search.high:g}" if field.search else ""
        may_be = ", ".join(known) or searched or field.kind.__name__
        default = ("yes" if field.default else "no") if field.kind is bool else str(field.default)
        table.add_row(field.name, default, may_be, field.about)
    return table
