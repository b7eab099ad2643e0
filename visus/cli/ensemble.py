"""Average the predictions of several models."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    what: Annotated[
        list[str], typer.Argument(metavar="RUN RUN ... | RECIPE [SETTING=VALUE]...", help="Runs, or what to train.")
    ],
    seeds: Annotated[int, typer.Option(help="Train a recipe so often, each time from another seed.")] = 0,
    snapshots: Annotated[int, typer.Option(help="Train it once, and keep the weights after so many cycles.")] = 0,
    top: Annotated[int, typer.Option(help="Train so many of the best settings that a run's search found.")] = 0,
    runs: Annotated[Path, typer.Option(help="The folder that keeps all runs.")] = Path("runs"),
) -> int:
    """Make one model of several by averaging their probabilities, and measure what that gains on validation pictures.

    The folder it leaves predicts as any run's does: visus predict runs/ensemble-1 holiday/

    Examples:

    - visus ensemble runs/photos-1 runs/photos-2
    - visus ensemble digits_mlp epochs=10 --seeds 5
    - visus ensemble digits_mlp epochs=40 --snapshots 5
    - visus ensemble runs/search-digits-mlp-1 --top 5
    """
    from .. import recipes
    from ..engine import catalogue
    from ..playbook import ensemble
    from ..playbook._session import InterruptedRunError
    from ..recipes import _form
    from ._app import UsageError
    from ._show import terminal

    if sum(map(bool, (seeds, snapshots, top))) > 1:
        raise UsageError("--seeds, --snapshots and --top are three ways to get members; choose one")
    if not (seeds or snapshots or top) and len([word for word in what if "=" not in word]) < ensemble.FEWEST:
        raise UsageError(
            "say where members come from: --seeds 5 or --snapshots 5 for a recipe, --top 5 for a run that searched, or "
            f"name at least {ensemble.FEWEST} runs"
        )
    recipe, settings = what[0], {}
    if seeds or snapshots:
        try:
            settings = _form.read(catalogue.find(recipes, recipe).build, _form.words(what[1:]))
        except (ValueError, LookupError) as error:
            raise UsageError(str(error)) from error
    with terminal(name_width=len("ensemble") + 2) as show:
        try:
            if seeds:
                found = ensemble.of_seeds(recipe, settings, seeds, runs, show)
            elif snapshots:
                found = ensemble.of_snapshots(recipe, settings, snapshots, runs, show)
            elif top:
                found = ensemble.of_top(Path(recipe), top, runs, show)
            else:
                found = ensemble.of_runs([Path(folder) for folder in what], runs, show)
        except InterruptedRunError as stopped:
            show.say(str(stopped))
            return 1
        show.say(f"page       {found.page}")
        show.say(f"next       visus predict {found.folder} PICTURES")
    return 0
