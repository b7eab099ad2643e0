"""Let a model go on with a picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PAPER = 128  # grey level of a place with no picture, as between pictures
UNKNOWN = (105, 125, 170)  # colour of what is not known: neither paper nor of a grey picture
WHITE = 128  # grey level from which a mask is white


def command(
    run: Annotated[Path, typer.Argument(help="A run's folder, or a model folder.")],
    pictures: Annotated[
        list[Path], typer.Argument(help="The upper rows of a picture each, or a whole one of which a part is kept.")
    ],
    n: Annotated[int, typer.Option("-n", help="Completions of each.")] = 8,
    rows: Annotated[int | None, typer.Option(help="Upper rows to keep. Nothing: half of a whole picture.")] = None,
    mask: Annotated[
        Path | None, typer.Option(help="A picture of the model's size, white where pixels are kept, black where not.")
    ] = None,
    out: Annotated[Path, typer.Option(help="PNG file for the sheet.")] = Path("completed.png"),
    label: Annotated[str | None, typer.Option(help="Of this class. Nothing: each class in turn.")] = None,
    temperature: Annotated[float, typer.Option(help="Above 0; below 1 what is likelier is drawn more often.")] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed makes the same.", min=0)] = 0,
    enlarge: Annotated[int, typer.Option(help="Pixels a side for each on the sheet. 0: by size.", min=0)] = 0,
) -> None:
    """One row a picture: what is kept of it, several ways to go on, and at the end the whole where it was given.

    Kept is what the file has: fewer rows than the model draws are the upper part, transparent pixels are drawn anew. Of
    a whole picture the upper half is kept, unless --rows or --mask say otherwise.

    Examples:

    - visus complete runs/pixelcnn-mnist-1 half.png
    - visus complete runs/pixelcnn-mnist-1 one.png two.png --rows 10 -n 4 --out rows.png
    - visus complete runs/pixelcnn-cifar10-1 photo.png --mask mask.png
    """
    import numpy as np

    from ..ship.kinds.generation import load
    from ..ship.opened import told_by
    from ._app import UsageError
    from ._pictures import check_sheet, drawing, write_sheet

    if rows is not None and mask is not None:
        raise UsageError("--rows and --mask both say what is kept; give one of them")
    check_sheet(out)
    if told_by(run) != "generation":
        raise ValueError(f"{run} holds no model that makes pictures, so it goes on with none; see its card.md")
    model = load(run)
    known = rows if mask is None else _read(mask)
    # complains, if at all, before anything is drawn; each picture has draws of its own
    begun = [model.begun(path, known, seed + number) for number, path in enumerate(pictures)]
    made = []
    with drawing(n * len(pictures), "complete") as tell:
        for number, path in enumerate(pictures):

            def told(done: int, of: int, number: int = number) -> None:
                tell(number * of + done, len(pictures) * of)

            made.append(model.complete(path, known, n, seed + number, label, temperature, told))
    some_whole = any(whole for _, _, whole in begun)
    lines = [_line(*one, drawn, some_whole) for one, drawn in zip(begun, made, strict=True)]
    write_sheet(out, np.concatenate(lines), columns=len(lines[0]), enlarge=enlarge)


def _line(
    picture: "NDArray[np.uint8]", known: "NDArray[np.bool_]", whole: bool, made: "NDArray[np.uint8]", place: bool
) -> "NDArray[np.uint8]":
    """What is kept, what was made of it, and the picture itself where it was given. place: leave one for it anyway."""
    import numpy as np

    kept = np.where(known[:, :, None], picture, np.array(UNKNOWN, dtype=np.uint8))
    last = picture if whole else np.full_like(picture, PAPER)
    return np.concatenate([kept[None], made, last[None]] if place else [kept[None], made])


def _read(mask: Path) -> "NDArray[np.bool_]":
    """Where the mask is white, bool (h, w)."""
    from ..data.decode import read_full

    known: NDArray[np.bool_] = read_full(mask).mean(2) >= WHITE
    return known
