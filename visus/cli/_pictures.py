"""How commands that make pictures write them, and how far they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..models.generative import Progress

LEGIBLE = 72  # pixels that a picture on a sheet is enlarged to, about, where nothing is asked


@contextmanager
def drawing(n: int, stage: str = "draw") -> Iterator["Progress"]:
    """Inside, how far n pictures are is shown to whom a model tells it."""
    from ._show import terminal

    with terminal() as show:
        yield lambda done, of: show.progress(stage, n * done / of, n, "pictures")


def check_sheet(path: Path) -> None:
    """Raise UsageError, before anything is drawn, for a sheet that is no PNG file."""
    from ._app import UsageError

    if path.suffix.lower() != ".png":
        raise UsageError(f"a sheet of pictures is a PNG file, and {path} is none by its name; call it {path.stem}.png")


def write_sheet(path: Path, pictures: "NDArray[np.uint8]", columns: int = 0, enlarge: int = 0) -> None:
    """Pictures uint8 (N, H, W, 3) on one sheet, and a line that says so. enlarge: 0 makes small pictures legible."""
    import torch

    from ..runs import sheet

    n, height, width, _ = pictures.shape
    times = enlarge or max(1, LEGIBLE // max(height, width))
    sheet.write(path, torch.from_numpy(pictures).permute(0, 3, 1, 2), columns, enlarge=times)
    shown = f", each pixel as {times} x {times}" if times > 1 else ""
    print(f"{path}: {n} picture{'s' * (n != 1)} of {height} x {width} pixels{shown}")  # noqa: T201


def write_files(folder: Path, pictures: "NDArray[np.uint8]") -> None:
    """A PNG file of each picture uint8 (N, H, W, 3), numbered from 0, and a line that says so."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    digits = len(str(len(pictures) - 1))
    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{number:0{digits}d}.png")
    print(f"{folder}: {len(pictures)} file{'s' * (len(pictures) != 1)}")  # noqa: T201
