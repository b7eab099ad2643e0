"""Look at marked pictures, and bring them from one format into another."""

from pathlib import Path
from typing import Annotated

import typer

SHOWN = 12  # classes in the table


def command() -> None:
    """Sets of marked pictures: what they hold, and their formats (COCO JSON, Pascal VOC XML, YOLO, label maps).

    Examples:

    - visus data show bccd/
    - visus data convert bccd/ bccd-coco --format coco
    """


def show(path: Annotated[str, typer.Argument(help="A folder, a file, or the name of a set.")]) -> None:
    """What is marked: format, parts, classes and how often each occurs, and what is left out.

    Example: visus data show bccd/
    """
    from ..data import told

    for line in told.told(path, SHOWN):
        print(line)  # noqa: T201


def convert(
    source: Annotated[str, typer.Argument(metavar="FROM", help="A folder, a file, or the name of a set.")],
    folder: Annotated[Path, typer.Argument(metavar="TO", help="A new folder.")],
    form: Annotated[str, typer.Option("--format", help="coco, voc or yolo.")],
    holds: Annotated[str, typer.Option(help="In yolo: boxes, masks or keypoints. Nothing: boxes.")] = "",
    link: Annotated[bool, typer.Option("--link", help="Link to the pictures and do not copy them.")] = False,
) -> int:
    """Write marked objects and their pictures in another format. Nothing is changed where they come from.

    Examples:

    - visus data convert bccd/ bccd-coco --format coco
    - visus data convert coco/ coco-yolo --format yolo --holds masks --link
    """
    from ..data.convert import convert as write
    from ..data.convert import formats
    from ..data.open_annotations import open_annotations
    from ._app import UsageError
    from ._show import terminal

    if form not in (known := formats()):
        raise UsageError(f"--format is one of {', '.join(known)}; got '{form}'")
    with terminal() as shown:
        found = open_annotations(source)
        for problem in found.problems:
            shown.say(problem)
        written = write(found, folder, form, holds, link, lambda done, n: shown.progress("pictures", done, n))
        for sentence in written.lost:
            shown.say(sentence)
        n_objects = sum(map(len, found.objects))
        shown.say(f"{len(found)} pictures with {n_objects} objects of {len(found.classes)} classes: {folder}")
    return 0


COMMANDS = (show, convert)
