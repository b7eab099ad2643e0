"""Name what is in pictures, with a trained model."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(help="A run's folder, or a model folder.")],
    pictures: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with all probabilities.")] = False,
    views: Annotated[str, typer.Option(help="one, mirrored, six or ten views of each picture, averaged.")] = "one",
) -> int:
    """Label, probability and file of each picture; or its attributes, or its numbers.

    A file that cannot be read is named and passed over; the exit code is then 1.

    Examples:

    - visus predict runs/photos-1 holiday/*.jpg
    - visus predict runs/photos-1 holiday/ --json
    """
    from ..ship import model as ship

    trained = ship.load(run, views)
    n_read = n_failed = 0
    width = max(len(name) for name in trained.classes)
    for prediction in trained.look(pictures):
        if prediction.error:
            n_failed += 1
            print(f"visus: {prediction.error}", file=sys.stderr)  # noqa: T201
            if as_json:
                print(json.dumps(prediction.facts()))  # noqa: T201
            continue
        n_read += 1
        if as_json:
            print(json.dumps(prediction.facts()))  # noqa: T201
        else:
            print(prediction.line(width))  # noqa: T201
    if not n_read and not n_failed:
        raise ValueError(f"no pictures in {', '.join(map(str, pictures))}; give files or folders that hold some")
    return 1 if n_failed else 0
