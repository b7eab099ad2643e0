"""Find a learning rate for a recipe."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    recipe: Annotated[str, typer.Argument(help="A name from `visus recipes`.")],
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="[SETTING=VALUE]...", help="`visus recipes RECIPE` lists them.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Weights and orders of the pictures to average over.")] = 3,
    steps: Annotated[int, typer.Option(help="Training steps of each seed, one for each rate.")] = 150,
    lowest: Annotated[float, typer.Option(help="The first rate.")] = 1e-6,
    highest: Annotated[float, typer.Option(help="The last rate, if nothing blows up before.")] = 10.0,
    runs: Annotated[Path, typer.Option(help="The folder for the page and its numbers.")] = Path("runs"),
) -> int:
    """Raise the learning rate step by step until the loss blows up, and propose one, with the reason and a picture.

    A range test of a recipe with your settings, on a copy: nothing is trained for keeps. It takes the time of so many
    training steps as there are steps and seeds.

    Examples:

    - visus rate digits
    - visus rate classify data=photos/ model=mlp optimizer=adam --seeds 5
    """
    from .. import recipes
    from ..engine import catalogue
    from ..playbook import rate
    from ..recipes import _form
    from ._app import UsageError
    from ._show import terminal

    try:
        build = catalogue.find(recipes, recipe).build
        values = _form.read(build, _form.words(settings or []))
        test = rate.RangeTest(build, values, seeds, steps, lowest, highest)
    except (ValueError, LookupError) as error:
        raise UsageError(str(error)) from error
    with terminal() as show:
        found = test.run(show)
        show.say(rate.sentence(found))
        show.say(str(rate.write_page(recipe, test, found, runs)))
    return 0 if found.rate is not None else 1
