"""Walk through the space that a model draws pictures from."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..ship.kinds.generation import Painter

SHEET = "latent.png"
DIGITS = 4


def command(
    run: Annotated[Path, typer.Argument(help="A run's folder, or a model folder.")],
    points: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[POINT]...",
            help='Seeds, files of pictures, or numbers as "0.1,-1.2" ("z=-1.2,0.1" where the first is negative).',
        ),
    ] = None,
    steps: Annotated[int, typer.Option(help="Pictures on the way from one point to the next.")] = 10,
    side: Annotated[int, typer.Option(help="Pictures on a side of the map, where no point is given.", min=2)] = 12,
    arithmetic: Annotated[
        str, typer.Option(help='A sum of points, "3 5 9 - 1 2 4 + 7 8 6"; those of one term are averaged.')
    ] = "",
    label: Annotated[str | None, typer.Option(help="The class that is drawn, and that pictures are of.")] = None,
    seed: Annotated[int, typer.Option(help="Of the map's corners.", min=0)] = 0,
    out: Annotated[Path | None, typer.Option(help=f"PNG file for the sheet. Nothing: RUN/{SHEET}.")] = None,
    enlarge: Annotated[int, typer.Option(help="Pixels a side for each on the sheet. 0: by size.", min=0)] = 0,
) -> None:
    """The map of a space, the way between points, or sums of them, as pictures on a sheet.

    Without a point: the map, all of it for points of 2 numbers, else a patch between four that are drawn. One point:
    its numbers, and its picture, beside the file it was found for. Several: the pictures on the way from each to the
    next, a row each. With --arithmetic: the mean of each term, then the sum.

    Examples:

    - visus latent runs/vae-mnist-1
    - visus latent runs/vae-mnist-1 three.png eight.png
    - visus latent runs/dcgan-fashion-mnist-1 3 14 15 --steps 12 --out walk.png
    - visus latent runs/dcgan-fashion-mnist-1 --arithmetic "3 5 9 - 1 2 4 + 7 8 6"
    """
    from ..ship.kinds.generation import load
    from ..ship.opened import told_by
    from ._app import UsageError
    from ._pictures import check_sheet, write_sheet

    if points and arithmetic:
        raise UsageError(f"--arithmetic names its points itself; leave {' '.join(points)} out, or the option")
    out = out or run / SHEET
    check_sheet(out)
    if told_by(run) != "generation":
        raise ValueError(f"{run} holds no model that makes pictures, so it has no points to draw from; see its card.md")
    model = load(run)
    if arithmetic:
        made = _sum(model, arithmetic, label)
    elif not points:
        made = model.manifold(side, seed, label)
    elif len(points) == 1:
        made = _one(model, points[0], label)
    else:
        made = _ways(model, points, steps, label)
    columns = len(made) if arithmetic else steps if points else side
    write_sheet(out, made, columns, enlarge)


def _one(model: "Painter", word: str, label: str | None) -> "NDArray[np.uint8]":
    """The point's numbers as a line, and its picture, beside the file it was found for."""
    import numpy as np

    from ..ship.points import point

    found = point(model, word, label)
    print(",".join(f"{number:.{DIGITS}g}" for number in found.tolist()))  # noqa: T201
    made = model.decode(found[None], label)
    return np.concatenate([model.seen([word]), made]) if Path(word).is_file() else made


def _ways(model: "Painter", words: Sequence[str], steps: int, label: str | None) -> "NDArray[np.uint8]":
    """The pictures on the way from each point to the next."""
    import numpy as np

    from ..ship.points import point

    found = [point(model, word, label) for word in words]
    return np.concatenate([model.interpolate(a, b, steps, label) for a, b in pairwise(found)])


def _sum(model: "Painter", text: str, label: str | None) -> "NDArray[np.uint8]":
    """The picture of each term's mean, then that of the sum."""
    import numpy as np

    from ..ship.points import terms

    found = terms(model, text, label)
    means = [model.arithmetic([(1.0, points)], label) for _, points in found]
    return np.concatenate([*means, model.arithmetic(found, label)])
