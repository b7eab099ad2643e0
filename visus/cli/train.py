"""Train a ready-made recipe."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    recipe: Annotated[str, typer.Argument(help="A name from `visus recipes`.")],
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="[SETTING=VALUE]...", help="`visus recipes RECIPE` lists them.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="The folder that keeps all runs.")] = Path("runs"),
) -> int:
    """Train a recipe with its own settings, or with yours; no search, no test.

    Examples:

    - visus train cifar10
    - visus train classify data=photos/ model=resnet18 size=128 epochs=20
    """
    from .. import recipes
    from ..engine import catalogue
    from ..playbook import api
    from ..playbook._session import InterruptedRunError
    from ..recipes import _form
    from ._app import UsageError
    from ._show import terminal

    try:
        build = catalogue.find(recipes, recipe).build
        values = _form.read(build, _form.words(settings or []))
    except (ValueError, LookupError) as error:
        raise UsageError(str(error)) from error
    with terminal() as show:
        try:
            _, outcome = api.train_recipe(recipe, values, runs, show)
        except InterruptedRunError as stopped:
            show.say(str(stopped))
            return 1
    return 1 if outcome.why else 0
