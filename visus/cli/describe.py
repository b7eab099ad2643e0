"""Show what a network is made of and what it costs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from ..models.description import Layer
    from ..playbook.describe import Subject
    from ..report.exhibit import Exhibit

LONGEST = 40  # rows of the table before layers are joined into blocks
BAR = 6  # letters of the longest bar
NARROW = 100  # letters of a terminal below which the kind of a layer is left out
LOG_WIDTH = 120
EIGHTHS = " ▏▎▍▌▋▊▉█"


def command(
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODEL [SETTING=VALUE]...", help="A classifier, or a folder. Nothing: list them."),
    ] = None,
    image: Annotated[str, typer.Option("--input", help="Channels x height x width of a picture, as 3x224x224.")] = "",
    classes: Annotated[int, typer.Option(min=1, help="Classes that a named classifier scores.")] = 1000,
    every: Annotated[bool, typer.Option("--all", help="Every single layer, also those that work in place.")] = False,
    compare: Annotated[bool, typer.Option("--compare", help="Two or more models, or runs, side by side.")] = False,
    page: Annotated[bool, typer.Option("--page", help="Write a page with figures too.")] = False,
    out: Annotated[Path, typer.Option(help="The folder for the page and its numbers.")] = Path("describe"),
) -> None:
    """Layer by layer: size, parameters, multiplications, values, and how much of the picture each value sees.

    Examples:

    - visus describe vgg16
    - visus describe pattern n=2 m=3 --input 3x32x32 --classes 10
    - visus describe runs/photos-1 --page
    - visus describe --compare alexnet vgg16 googlenet resnet50
    """
    from ._app import UsageError

    words = models or []
    names = [word for word in words if "=" not in word or Path(word).exists()]
    settings = [word for word in words if word not in names]
    shape = _shape(image)
    if compare and (settings or every):
        raise UsageError("--compare takes names or folders only; describe one model to give it settings")
    if len(names) > 1 and not compare:
        raise UsageError(f"got {len(names)} models ({', '.join(names)}); add --compare to see them side by side")
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=LOG_WIDTH)
    if not names:
        _list(console)
        return
    subjects = _subjects(names, shape, classes, settings)
    if compare:
        _compare(subjects, out, console)
    else:
        _describe(subjects[0], every, out if page else None, console)


def _describe(subject: "Subject", every: bool, out: Path | None, console: Console) -> None:
    from ..playbook import describe

    found = subject.description
    layers = found.layers if every else found.blocks(LONGEST)
    console.print(_table(layers, console.width))
    for sentence in describe.sentences(found):
        console.print(f"- {sentence}")
    if not every and len(layers) < len(found.main()):
        console.print("`--all` shows every layer", style="dim")
    if out:
        size = "x".join(map(str, found.image))
        exhibit = describe.page(subject.name, found)
        _write(subject.name, "Where do memory, work and parameters sit?", {"input": size}, exhibit, out, console)


def _compare(subjects: Sequence["Subject"], out: Path, console: Console) -> None:
    from ..playbook import describe
    from ._app import UsageError

    try:
        exhibit = describe.comparison(subjects)
    except ValueError as error:
        raise UsageError(str(error)) from error
    measured = exhibit.tables[0]
    table = Table(box=None, header_style="dim")
    for column, heading in enumerate(measured.headings):
        table.add_column(heading, justify="right" if column else "left")
    for row in measured.rows:
        table.add_row(*row)
    console.print(table)
    for sentence in exhibit.findings:
        console.print(f"- {sentence}")
    _write("comparison", "What does accuracy cost?", {}, exhibit, out, console)


def _write(
    name: str, question: str, settings: Mapping[str, str], exhibit: "Exhibit", out: Path, console: Console
) -> None:
    from ..report.exhibit import write

    console.print(str(write(name, question, settings, exhibit, out, "description")), soft_wrap=True)


def _list(console: Console) -> None:
    from ..engine import catalogue
    from ..models import classifiers

    table = Table.grid(padding=(0, 2))
    for name in catalogue.names(classifiers):
        table.add_row(name, catalogue.card(classifiers, name))
    console.print(table)


def _subjects(
    names: Sequence[str], shape: tuple[int, int, int] | None, classes: int, settings: list[str]
) -> list["Subject"]:
    from ..playbook import describe
    from ..recipes import _form
    from ._app import UsageError

    try:
        typed = _form.words(settings)
        return [describe.subject(name, shape, classes, typed) for name in names]
    except (ValueError, LookupError) as error:
        raise UsageError(str(error)) from error


def _shape(text: str) -> tuple[int, int, int] | None:
    """'3x224x224' -> (3, 224, 224); '' -> None."""
    from ._app import UsageError

    if not text:
        return None
    sides = text.lower().replace("×", "x").replace(",", "x").split("x")
    if not all(side.strip().isdigit() and int(side) > 0 for side in sides):
        raise UsageError(f"--input is channels x height x width, for example 3x224x224; got '{text}'")
    numbers = [int(side) for side in sides]
    if len(numbers) != 3:
        meant = f"3x{numbers[0]}x{numbers[-1]}"
        raise UsageError(f"--input is channels x height x width; got '{text}': for colour pictures that is {meant}")
    return numbers[0], numbers[1], numbers[2]


def _table(layers: Sequence["Layer"], width: int) -> Table:
    from ..playbook.describe import side
    from ..report.wording import scaled

    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("layer", no_wrap=True)
    if width >= NARROW:
        table.add_column("kind", no_wrap=True)
    table.add_column("output", no_wrap=True)
    measures = ("parameters", "macs", "activations")
    for heading in ("parameters", "multiplications", "values"):
        table.add_column(heading if width >= NARROW else heading[:5], justify="right", no_wrap=True)
        table.add_column("", width=BAR)
    table.add_column("sees px", justify="right")
    largest = [max((getattr(layer, what) for layer in layers), default=0) or 1 for what in measures]
    for layer in layers:
        cells = [layer.name] + ([layer.kind] if width >= NARROW else []) + ["x".join(map(str, layer.output))]
        for what, most in zip(measures, largest, strict=True):
            value = getattr(layer, what)
            cells += [scaled(value) if value else "", _bar(value / most)]
        table.add_row(*cells, side(layer.field))
    return table


def _bar(share: float) -> str:
    """A bar of at most BAR letters."""
    eighths = round(share * BAR * 8)
    return EIGHTHS[8] * (eighths // 8) + (EIGHTHS[eighths % 8] if eighths % 8 else "")
