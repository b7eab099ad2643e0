"""Look inside a trained model: where it looks, what excites it, what it would draw."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..playbook.explain import Looked


def command(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PICTURE]... [SETTING=VALUE]...",
            help="Files or folders; none: a few right and wrong validation pictures. Settings of the techniques. For a "
            "language model: text files; none: its validation text.",
        ),
    ] = None,
    how: Annotated[
        str, typer.Option(help="Names with commas; all: every map. `--how list` tells them. Nothing: three usual maps.")
    ] = "",
    target: Annotated[str, typer.Option(help="The class that is asked about. Nothing: what the model says.")] = "",
    layer: Annotated[str, typer.Option(help="The layer to look at. Nothing: the technique chooses.")] = "",
    data: Annotated[str, typer.Option(help="Pictures to search in. Nothing: the run's validation pictures.")] = "",
    style: Annotated[Path | None, typer.Option(help="The picture whose style or texture is taken.")] = None,
    size: Annotated[int, typer.Option(help="Side of pictures that are drawn, px. 0: the model's own.", min=0)] = 0,
    sanity: Annotated[bool, typer.Option(help="Compare each map with one of shuffled weights.")] = True,
    add_to_report: Annotated[bool, typer.Option(help="Put maps of right and wrong pictures into the report.")] = False,
    out: Annotated[Path | None, typer.Option(help="The folder of page and pictures. Nothing: RUN/explain.")] = None,
) -> int:
    """Maps over pictures, filters, patches and drawings, on one page, with the picture files beside it.

    Of a language model: the cells that track something, how far back it looks, and what surprises it.
    Of a captioner: where it looked at each word.

    Examples:

    - visus explain runs/photos-1 cat.jpg
    - visus explain runs/photos-1 cat.jpg --how saliency,integrated_gradients --target dog steps=100
    - visus explain runs/photos-1 --how filters,patches
    - visus explain runs/photos-1 --add-to-report
    - visus explain runs/char-lstm-1 --how cells     _a language model_
    - visus explain runs/captions-1 photo.jpg --how words     _a captioner_
    """
    if how == "list":
        return _list()
    from ..playbook import explain
    from ..playbook.explain_sequences import inside
    from ..recipes import _form
    from ._app import UsageError
    from ._show import terminal

    words = given or []
    pictures = [Path(word) for word in words if "=" not in word or Path(word).exists()]
    try:
        settings = _form.words([word for word in words if Path(word) not in pictures])
        names = [name.strip().replace("-", "_") for name in how.split(",") if name.strip()]
    except ValueError as error:
        raise UsageError(str(error)) from error
    if sequences := inside(run):
        sequences.refuse(target=target, layer=layer, data=data, style=style, size=size, add_to_report=add_to_report)
        with terminal() as show:
            return _tell(sequences.explain(run, names, pictures, settings, show, out))
    wish = explain.Wish(names, pictures, target, layer, data, style, size, settings, sanity)
    with terminal() as show:
        if add_to_report:
            print(explain.add_to_report(run, wish, show))  # noqa: T201
            return 0
        return _tell(explain.explain(run, wish, show, out))


def _tell(looked: "Looked") -> int:
    """What was found, and where it is shown."""
    for unreadable in looked.errors:
        print(f"visus: {unreadable}", file=sys.stderr)  # noqa: T201
    for sentence in looked.findings:
        print(f"- {sentence}")  # noqa: T201
    if looked.files:
        print(f"{len(looked.files)} pictures in {looked.page.parent}")  # noqa: T201
    print(looked.page)  # noqa: T201
    return 1 if looked.errors else 0


def _list() -> int:
    """Every technique with its first line."""
    from rich.console import Console
    from rich.table import Table

    from .. import explain
    from ..engine import catalogue
    from ..explain import text

    table = Table("technique", "what it shows", box=None, header_style="dim")
    for folder in (explain, text):
        for name in catalogue.names(folder):
            table.add_row(name, catalogue.card(folder, name))
    Console(highlight=False).print(table)
    return 0
