"""Draw how gradients flow through an expression."""

from pathlib import Path
from typing import Annotated, Any

import typer

OPTIONS = ("fine", "upstream")  # of `trace`, which takes inputs by name too


def command(
    expression: Annotated[str, typer.Argument(help='For example "(x + y) * z".')],
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="A number, or [1, 2], or [[1, 2], [3, 4]].")
    ] = None,
    svg: Annotated[Path | None, typer.Option(help="Write the drawing into this file.")] = None,
    fine: Annotated[bool, typer.Option("--fine", help="sigmoid as its four gates.")] = False,
    upstream: Annotated[float | None, typer.Option(help="The gradient that comes from above.")] = None,
) -> None:
    """Show an expression gate by gate: values forwards, gradients backwards, and what each gate does with them.

    Examples:

    - visus circuit "(x + y) * z" x=-2 y=5 z=-4 --svg circuit.svg
    - visus circuit "sum((W @ x) ** 2)" "W=[[0.1, 0.5], [-0.3, 0.8]]" "x=[0.2, 0.4]"
    """
    from ._app import UsageError

    values = _values(inputs or [])
    if svg and svg.suffix != ".svg":
        raise UsageError(f"--svg writes a drawing and wants a name that ends in .svg; got '{svg}'")
    from ..circuit.expression import parse  # what was typed is checked above, before torch is waited for
    from ..circuit.trace import trace

    try:
        found = trace(parse(expression), fine=fine, upstream=upstream, **values)
    except ValueError as error:
        raise UsageError(str(error)) from error
    typer.echo(found.text())
    if svg:
        typer.echo(str(found.save(svg)))


def _values(words: list[str]) -> dict[str, Any]:
    """['x=-2', 'w=[1, 2]'] -> {'x': -2, 'w': [1, 2]}."""
    import json

    from ._app import UsageError

    found: dict[str, Any] = {}
    for word in words:
        name, _, text = word.partition("=")
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not name.isidentifier() or not isinstance(value, int | float | list):
            raise UsageError(f"an input is written name=number, as x=-2 or x=[1,2]; got '{word}'")
        if name in found or name in OPTIONS:
            raise UsageError(f"{name} was given twice" if name in found else f"an input cannot be called {name}")
        found[name] = value
    return found
