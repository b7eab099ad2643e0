"""Search the settings of a recipe."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    recipe: Annotated[str, typer.Argument(help="A name from `visus recipes`.")],
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SETTING=WHAT]...", help="lr=1e-4..1e-1 a range, optimizer=sgd,adam choices, hidden=64 kept."
        ),
    ] = None,
    strategy: Annotated[
        str, typer.Option(help="coarse_to_fine, random, grid, successive_halving or optuna_sampler.")
    ] = "coarse_to_fine",
    trials: Annotated[int, typer.Option(help="Trials in all rounds.")] = 24,
    seeds: Annotated[int, typer.Option(help="Seeds with which the best three are tried again.")] = 3,
    budget: Annotated[str, typer.Option(help="A time such as 90s or 10m; trials are shortened to keep it.")] = "",
    workers: Annotated[int, typer.Option(help="Processes side by side; 0: chosen by measurement.")] = 0,
    runs: Annotated[Path, typer.Option(help="The folder that keeps all runs.")] = Path("runs"),
) -> int:
    """Look for good settings of a recipe, on training and validation pictures only.

    Without a range all settings that have one are searched. The longest trials have the recipe's `epochs`. Leave the
    decay of the learning rate for last: it matters less than the rate itself.

    Examples:

    - visus search digits_mlp
    - visus search digits_mlp lr=1e-4..1 hidden=16..256 epochs=10 --strategy random
    - visus search digits_knn k=1,3,5,8,10 --strategy grid
    """
    from ..playbook import api, search_recipe
    from ..playbook._session import InterruptedRunError
    from ..recipes import _form
    from ._app import UsageError
    from ._show import terminal

    try:
        typed = _form.words(settings or [])
        limit = api.seconds(budget) if budget else None
        search_recipe.check(recipe, typed, strategy, trials, seeds, workers)
    except (ValueError, LookupError) as error:
        raise UsageError(str(error)) from error
    with terminal() as show:
        try:
            found = search_recipe.search(
                recipe,
                typed,
                strategy=strategy,
                trials=trials,
                seeds=seeds,
                budget=limit,
                workers=workers,
                runs=runs,
                show=show,
            )
        except InterruptedRunError as stopped:
            show.say(str(stopped))
            return 1
        if found.best:
            show.say(f"next       {found.command}")
        show.say(f"report     {found.folder / 'report.html'}")
    return 0 if found.best else 1
