"""Choose one setting by cross-validation."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    recipe: Annotated[str, typer.Argument(help="A name from `visus recipes`, or pictures as `visus fit` takes them.")],
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SETTING=VALUE]... SETTING=VALUE,VALUE,...", help="Exactly one with several values."),
    ] = None,
    folds: Annotated[
        int, typer.Option(help="Parts the pictures are divided into; each is the validation part once.")
    ] = 5,
    runs: Annotated[Path, typer.Option(help="The folder for the page and its numbers.")] = Path("runs"),
) -> int:
    """Try every value of one setting, each on several folds, and show mean and spread.

    Training and validation pictures are folded; test pictures take no part. Worth it for small data and quick models:
    a deep network costs a whole training for each value and fold.

    Examples:

    - visus crossvalidate digits model=knn k=1,3,5,8,10,12,15,20,50,100
    - visus crossvalidate photos/ model=linear weight_decay=1e-4,1e-3,1e-2 --folds 3
    """
    from rich.table import Table

    from .. import recipes
    from ..engine import catalogue
    from ..playbook import crossvalidate
    from ..recipes import _form
    from ._app import UsageError
    from ._show import terminal

    try:
        typed = _form.words(settings or [])
        if recipe not in catalogue.names(recipes):
            recipe, typed = "classify", {"data": recipe, **typed}
        validation = crossvalidate.CrossValidation(recipe, typed, folds)
    except (ValueError, LookupError) as error:
        raise UsageError(str(error)) from error
    with terminal() as show:
        try:
            found = validation.run(show)
        except KeyboardInterrupt:
            show.say("stopped before all folds were through; nothing was written")
            return 1
        show.close()
        numbers = crossvalidate.table(found)
        shown = Table(title=numbers.title, title_justify="left", box=None, pad_edge=False)
        for heading in numbers.headings:
            shown.add_column(heading, justify="right")
        for row, cells in enumerate(numbers.rows):
            shown.add_row(*cells, style="bold" if row == found.place else "")
        show.console.print(shown)
        for sentence in crossvalidate.findings(found):
            show.say(sentence)
        show.say(str(crossvalidate.write_page(validation, found, runs)))
    return 0
