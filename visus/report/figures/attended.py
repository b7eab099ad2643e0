"""Where a captioner looked at each word, as one picture: the photograph, and beside it one map a word."""

import io
import math
import warnings
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

COLUMNS = 6
SIDE_IN, TITLE_IN = 1.5, 0.32  # of one picture and of the words above it, inches
DPI = 120


def sheet(pictures: NDArray[np.uint8], words: Sequence[str], title: str) -> bytes:
    """PNG of pictures uint8 (1 + T, H, W, 3), each under its word; the first is the photograph itself.

    words: 1 + T; title: the whole sentence. Raises ValueError if the two differ in number.
    """
    if len(pictures) != len(words):
        raise ValueError(f"{len(pictures)} pictures came with {len(words)} words; give one word a picture")
    columns = min(COLUMNS, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    height = rows * (SIDE_IN + TITLE_IN) + TITLE_IN
    figure = Figure(figsize=(max(columns * SIDE_IN, 3.0), height), layout="constrained", dpi=DPI)
    figure.suptitle(title, fontsize=10, wrap=True, parse_math=False)
    for i, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.set_axis_off()
        if i < len(pictures):
            axes.imshow(pictures[i], interpolation="nearest")
            axes.set_title(words[i], fontsize=9, parse_math=False)
    file = io.BytesIO()
    with warnings.catch_warnings():  # a script that the font lacks is drawn as boxes; the page has the reader's fonts
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()
