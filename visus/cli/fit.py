"""From pictures, marked objects, label maps, a text, captions or translations to a tested, reported, usable model."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer


def command(
    path: Annotated[
        str,
        typer.Argument(
            metavar="[SUBJECT] [PATH]",
            help="A folder, a CSV table, or digits, mnist, fashion-mnist, cifar10, cifar10-course; or text, captions, "
            "translation, detection, segmentation, generation or acting and what to learn it from.",
        ),
    ] = "digits",
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="[SETTING=VALUE]...", help="Settings that are kept as given.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="The folder that keeps all runs.")] = Path("runs"),
    skip: Annotated[
        list[str] | None, typer.Option(help="A stage to leave out: baselines, checks, search, test, report.")
    ] = None,
    search: Annotated[
        str, typer.Option(help="Its strategy: coarse_to_fine, random, grid, successive_halving, optuna_sampler.")
    ] = "coarse_to_fine",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a long run.")] = False,
) -> int:
    """Audit, split, try baselines, check, search, train, test once, report.

    Examples:

    - visus fit photos/                              _one sub-folder of pictures per class_
    - visus fit photos/ budget=10m                   _done in ten minutes_
    - visus fit digits model=mlp lr=0.01 --skip search
    - visus fit labels.csv targets=age               _numbers: a column of a table_
    - visus fit labels.csv targets=gender,race       _attributes: yes or no, or categories_
    - visus fit text book.txt                        _a character language model_
    - visus fit captions flickr8k/                   _sentences for pictures_
    - visus fit translation multi30k/                _train.en and train.de, a sentence a line_
    - visus fit coco/                                _objects: COCO, VOC or YOLO; boxes, masks or keypoints_
    - visus fit camvid/                              _a class for every pixel: pictures with label maps_
    - visus fit generation photos/                   _more pictures like these, labelled or not_
    - visus fit mnist task=vae                       _the same, by a recipe of your choice_
    - visus fit CartPole-v1                          _a world to act in: Gymnasium's, ours, or my_world.py_
    - visus fit shapes                               _drawn objects, to try it_

    `visus recipes classify` lists every setting; for the others `visus recipes char_lstm`, caption, translate,
    detect, segment, autoregress, autoencode, imitate, ppo, dqn.
    """
    from ..playbook import api
    from ..playbook._session import InterruptedRunError
    from ._show import terminal

    about, path, budget, values, task = _understood(path, list(settings or []), skip or (), search)
    with terminal() as show:

        def ask(question: str) -> bool:
            show.close()
            return yes or not sys.stdin.isatty() or typer.confirm(question)

        asked: dict[str, Any] = {"budget": budget, "skip": skip or (), "strategy": search}
        try:
            fitted = api.fit(path, subject=about, task=task, runs=runs, show=show, confirm=ask, **asked, **values)
        except InterruptedRunError as stopped:
            show.say(str(stopped))
            return 1
    return 0 if fitted.healthy else 1


def _understood(
    path: str, words: list[str], skip: Iterable[str], search: str
) -> tuple[str, str, float | None, dict[str, Any], str]:
    """Subject, source, budget in seconds, settings and recipe of what was typed. Raises UsageError."""
    from .. import recipes
    from ..engine import catalogue
    from ..playbook import api
    from ..playbook.search import check_strategy
    from ..playbook.subjects import _subject
    from ..recipes import _form
    from ._app import UsageError

    if "=" in path and not Path(path).exists():
        path, words = "digits", [path, *words]
    try:
        about, path, words = api.understood([path, *words])
        typed = _form.words(words)
        budget = api.seconds(typed.pop("budget")) if "budget" in typed else None
        task = typed.pop("task", "")
        recipe = _subject.named(about).learned(path, typed, task)
        values = _form.read(catalogue.find(recipes, recipe).build, typed)
        api.check_settings(values, skip, recipe)
        check_strategy(search)
    except (ValueError, LookupError) as error:
        raise UsageError(str(error)) from error
    return about, path, budget, values, recipe
