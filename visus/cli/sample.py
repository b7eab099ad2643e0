"""Let a model make texts or pictures."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..ship.kinds.generation import Painter
    from ..ship.kinds.text import TextModel

TEXT, PICTURES = "Texts", "Pictures"
SHEET = "samples.png"


def command(
    run: Annotated[Path, typer.Argument(help="A run's folder, or a model folder.")],
    n: Annotated[int | None, typer.Option("-n", help="How many: 1 text or 64 pictures, unless given.")] = None,
    temperature: Annotated[
        float | None,
        typer.Option(help="Above 0; below 1 what is likelier is drawn more often. Nothing: 0.8 for texts, else 1."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same.")] = 0,
    prompt: Annotated[
        str | None, typer.Option(help=r"What to go on from; \n is a new line.", rich_help_panel=TEXT)
    ] = None,
    length: Annotated[int | None, typer.Option(help="Characters to write; 500.", rich_help_panel=TEXT)] = None,
    top_k: Annotated[
        int | None, typer.Option(help="Only so many of the likeliest characters.", rich_help_panel=TEXT)
    ] = None,
    nucleus: Annotated[
        float | None,
        typer.Option(help="Only the likeliest that have this probability together.", rich_help_panel=TEXT),
    ] = None,
    grid: Annotated[
        Path | None,
        typer.Option(help=f"PNG file for a sheet of all. Nothing: RUN/{SHEET}.", rich_help_panel=PICTURES),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Folder for a PNG file of each.", rich_help_panel=PICTURES)
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Of this class. Nothing: each class in turn.", rich_help_panel=PICTURES)
    ] = None,
    latent: Annotated[
        list[str] | None,
        typer.Option(help='The picture of this point, as "0.1,-1.2"; may be repeated.', rich_help_panel=PICTURES),
    ] = None,
    enlarge: Annotated[
        int | None,
        typer.Option(help="Pixels a side for each on the sheet. Nothing: by size.", min=1, rich_help_panel=PICTURES),
    ] = None,
) -> None:
    r"""Texts or pictures in the manner of what the model was trained on.

    Examples:

    - visus sample runs/char-lstm-1 --prompt "ROMEO:" --temperature 0.5     _a language model_
    - visus sample runs/char-lstm-1 --length 200 -n 3
    - visus sample runs/pixelcnn-mnist-1 -n 64 --grid out.png               _a model of pictures_
    - visus sample runs/conditional-gan-1 -n 10000 --folder made/ --label 3
    - visus sample runs/vae-mnist-1 --latent "0.1,-1.2"
    """
    from ..ship.opened import command_for, opened, told_by

    tells = told_by(run)
    if tells not in MAKERS:
        raise ValueError(
            f"{run} holds no language model and no model of pictures that makes some, so it cannot write or draw; try "
            f"`{command_for(tells)} {run}`"
        )
    options: dict[str, Any] = {"n": n, "temperature": temperature, "prompt": prompt, "length": length, "top_k": top_k}
    options |= {"nucleus": nucleus, "grid": grid, "folder": folder, "label": label, "latent": latent or None}
    asked = {name: value for name, value in {**options, "enlarge": enlarge}.items() if value is not None}
    make, makes = MAKERS[tells]
    _check(run, makes, asked, inspect.signature(make).parameters)
    make(opened(run), run, seed=seed, **asked)


def _check(run: Path, makes: str, asked: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    from ._app import UsageError

    if foreign := [name for name in asked if name not in known]:
        option = "--" + foreign[0].replace("_", "-")
        raise UsageError(f"{run} makes {makes}, for which {option} means nothing; leave it out")


def _write(
    model: "TextModel",
    run: Path,
    *,
    seed: int,
    n: int = 1,
    temperature: float = 0.8,
    prompt: str = "",
    length: int = 500,
    top_k: int = 0,
    nucleus: float = 1.0,
) -> None:
    """Character by character, as they are drawn."""
    from ._app import UsageError

    if n < 1:
        raise UsageError(f"-n is how many texts to write, at least 1; got {n}")
    prompt = prompt.replace("\\n", "\n")
    for number in range(n):
        # complains, if at all, before anything is shown
        characters = model.stream(
            prompt, length, temperature=temperature, top_k=top_k, nucleus=nucleus, seed=seed + number
        )
        if number:
            print("\n---")  # noqa: T201
        print(prompt, end="", flush=True)  # noqa: T201
        for character in characters:
            print(character, end="", flush=True)  # noqa: T201
        print()  # noqa: T201


def _draw(
    model: "Painter",
    run: Path,
    *,
    seed: int,
    n: int | None = None,
    temperature: float | None = None,
    grid: Path | None = None,
    folder: Path | None = None,
    label: str | None = None,
    latent: list[str] | None = None,
    enlarge: int = 0,
) -> None:
    """On one sheet, or a file each."""
    from ..ship import points
    from ._app import UsageError
    from ._pictures import check_sheet, drawing, write_files, write_sheet

    if latent and (n is not None or temperature is not None):
        raise UsageError("--latent says which points are drawn, so -n and --temperature mean nothing; leave them out")
    if folder is None:
        grid = grid or run / SHEET
    if grid:
        check_sheet(grid)
    if latent:
        import torch

        made = model.decode(torch.stack([points.point(model, word, label) for word in latent]), label)
    else:
        with drawing(64 if n is None else n) as tell:
            made = model.sample(64 if n is None else n, seed, label, 1.0 if temperature is None else temperature, tell)
    if folder:
        write_files(folder, made)
    if grid:
        write_sheet(grid, made, enlarge=enlarge)


MAKERS: Mapping[str, tuple[Callable[..., None], str]] = {"text": (_write, "texts"), "generation": (_draw, "pictures")}
