"""Say what is in pictures, with a trained model."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer


def command(
    run: Annotated[Path, typer.Argument(help="A run's folder, or a model folder.")],
    pictures: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a picture; of objects, one list of COCO results.")
    ] = False,
    views: Annotated[str, typer.Option(help="one, mirrored, six or ten views of each picture, averaged.")] = "one",
    beam: Annotated[int, typer.Option(help="Of sentences: beginnings that beam search keeps; 1: greedy.", min=0)] = 0,
    sample: Annotated[bool, typer.Option("--sample", help="Of sentences: draw each word by its chance.")] = False,
    temperature: Annotated[float, typer.Option(help="With --sample: above 1 bolder, below 1 safer.")] = 1.0,
    seed: Annotated[int, typer.Option(help="With --sample: of the draws.", min=0)] = 0,
    threshold: Annotated[
        float | None, typer.Option(help="Of objects: score from which they count.", min=0, max=1)
    ] = None,
    draw: Annotated[Path | None, typer.Option(help="Of objects and maps: folder for drawn pictures.")] = None,
    maps: Annotated[Path | None, typer.Option(help="Of painted classes: folder for label maps, PNG.")] = None,
) -> int:
    """Label, probability and file of each picture; or its attributes, its numbers, a sentence, or its objects.

    The probability of a sentence is that of a word of it, on average (the geometric mean).

    A file that cannot be read is named and passed over; the exit code is then 1.

    Examples:

    - visus predict runs/photos-1 holiday/*.jpg
    - visus predict runs/photos-1 holiday/ --json
    - visus predict runs/captions-1 photo.jpg --beam 5     _a captioner_
    - visus predict runs/cells-1 slides/ --draw drawn/     _a detector_
    - visus predict runs/cells-1 slides/ --json > results.json
    """
    from ..ship.looking import looker
    from ..ship.model import files

    way = _way(beam, sample, temperature, seed) | ({} if threshold is None else {"threshold": threshold})
    looking = looker(run, views, way)
    written = _written(draw, maps, looking, pictures)
    as_one = getattr(looking.model, "results", None) if as_json else None
    in_full = len(files(pictures)) == 1
    read: list[Any] = []
    n_read = n_failed = 0
    for prediction in looking.look(pictures):
        if prediction.error:
            n_failed += 1
            print(f"visus: {prediction.error}", file=sys.stderr)  # noqa: T201
            if as_json and not as_one:
                print(json.dumps(prediction.facts()))  # noqa: T201
            continue
        n_read += 1
        for folder in written:
            folder.add(prediction)
        if as_one:
            read.append(prediction)
        elif as_json:
            print(json.dumps(prediction.facts()))  # noqa: T201
        else:
            print(prediction.line(looking.width))  # noqa: T201
            for row in prediction.table() if in_full else ():
                print(row)  # noqa: T201
    if not n_read and not n_failed:
        raise ValueError(f"no pictures in {', '.join(map(str, pictures))}; give files or folders that hold some")
    if as_one:
        print(json.dumps(as_one(read)))  # noqa: T201
    return 1 if n_failed else 0


def _written(draw: Path | None, maps: Path | None, looking: Any, pictures: list[Path]) -> list[Any]:
    """The folders that something of each picture is written into."""
    if not draw and not maps:
        return []
    from ..playbook.draw import Drawings, LabelMapFiles

    known = (looking.tells, looking.model, pictures)
    return [kind(folder, *known) for kind, folder in ((Drawings, draw), (LabelMapFiles, maps)) if folder]


def _way(beam: int, sample: bool, temperature: float, seed: int) -> dict[str, Any]:
    """How words are to be chosen, as far as it was asked for."""
    if sample and beam:
        raise ValueError("--sample draws words and --beam searches for the likeliest; give one of them")
    if not sample and (temperature != 1.0 or seed):
        raise ValueError("--temperature and --seed belong to --sample; add it or leave them out")
    if sample:
        return {"drawn": True, "temperature": temperature, "seed": seed}
    return {"beam": beam} if beam else {}
