"""Many pictures on one sheet, as a PNG file that anything shows."""

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from .checkpoint import write_whole

PICTURES = "pictures"  # folder of a run
GAP = 1  # pixels between pictures
PAPER = 128  # grey level between pictures: seen beside black and beside white


@dataclass(frozen=True)
class Layout:
    """Where pictures stand on a sheet: n of height x width pixels, row by row, so many columns, `gap` between them."""

    n: int
    columns: int
    height: int
    width: int
    gap: int = GAP

    @property
    def rows(self) -> int:
        return -(-self.n // self.columns)


def lay(pictures: Tensor, columns: int = 0, gap: int = GAP) -> tuple[NDArray[np.uint8], Layout]:
    """uint8 pictures (N, 3, H, W) on one sheet (rows, columns, 3). columns: 0 makes about as many as rows.

    Raises ValueError for no picture.
    """
    if not len(pictures):
        raise ValueError("a sheet needs at least 1 picture; got 0")
    n, _, height, width = pictures.shape
    layout = Layout(n, min(n, columns or math.ceil(math.sqrt(n))), height, width, gap)
    shape = (layout.rows * (height + gap) - gap, layout.columns * (width + gap) - gap, 3)
    sheet = np.full(shape, PAPER, dtype=np.uint8)
    for number, picture in enumerate(pictures.cpu().permute(0, 2, 3, 1).numpy()):
        top, left = (place * (side + gap) for place, side in zip(divmod(number, layout.columns), (height, width)))
        sheet[top : top + height, left : left + width] = picture
    return sheet, layout


def write(path: Path, pictures: Tensor, columns: int = 0, gap: int = GAP, enlarge: int = 1) -> Layout:
    """Write a sheet as a PNG, whole or not at all. enlarge: pixels a side that each pixel becomes."""
    sheet, layout = lay(pictures, columns, gap)
    if enlarge > 1:
        sheet = sheet.repeat(enlarge, 0).repeat(enlarge, 1)
    kept = io.BytesIO()
    Image.fromarray(sheet).save(kept, "PNG", optimize=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, kept.getvalue())
    return layout


def read(path: Path, layout: Layout) -> NDArray[np.uint8]:
    """The pictures of a sheet again, uint8 (N, H, W, 3)."""
    with Image.open(path) as image:
        sheet = np.asarray(image.convert("RGB"))
    places = [divmod(number, layout.columns) for number in range(layout.n)]
    tall, wide = layout.height + layout.gap, layout.width + layout.gap
    return np.stack([sheet[y * tall : y * tall + layout.height, x * wide : x * wide + layout.width] for y, x in places])
