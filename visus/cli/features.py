"""Write down what a layer of a trained model makes of pictures."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(help="A run's or model's folder.")],
    pictures: Annotated[Path, typer.Argument(help="A picture, or a folder with its sub-folders.")],
    layer: Annotated[str, typer.Option(help="Whose output. Nothing: what enters the last, deciding layer.")] = "",
    grid: Annotated[int, typer.Option(help="Average over so many by so many parts; 0: every place.", min=0)] = 1,
    out: Annotated[Path, typer.Option(help="features (N, D) and names: .npz, or .csv with a row a picture.")] = Path(
        "features.npz"
    ),
) -> int:
    """Features of pictures from any layer, for a nearest-neighbour search or a linear model of your own.

    Examples:

    - visus features runs/photos-1 photos/ --out photos.npz
    - visus features runs/photos-1 photos/ --layer stages.1 --grid 2 --out photos.csv
    """
    from ..ship import embed, model
    from ._app import UsageError

    if out.suffix not in (".npz", ".csv"):
        raise UsageError(f"--out must end in .npz or .csv; got '{out.name}'")
    if not pictures.exists():
        raise UsageError(f"there is no '{pictures}'; check the path")
    trained = model.load(run)
    try:
        name = embed.resolve(trained, layer)
    except LookupError as error:
        raise UsageError(str(error)) from error
    paths, errors = embed.readable(pictures, trained)
    for sentence in errors:
        print(f"visus: {sentence}", file=sys.stderr)  # noqa: T201
    if not paths:
        raise ValueError(f"{pictures} holds no picture that can be read")
    rows = embed.embed(trained, [str(path) for path in paths], layer, grid)
    embed.write(out, [str(path) for path in paths], rows)
    what = f"the output of {layer}" if layer else f"what enters {name}"
    print(f"{len(rows)} pictures, {rows.shape[1]} features each ({what}): {out}")  # noqa: T201
    return 1 if errors else 0
