"""Measure a finished language model on another text; the use is counted."""

from pathlib import Path

import numpy as np

from ....data.named_text import NAMES, place
from ....data.text import divide_text, read_text
from ....ship.opened import opened
from ..._session import Show
from .._evaluation import Evaluation, Figures, counted, one_view
from .test import MEASURE, mean

FEWEST = 2  # characters that a part must have
PIECES = 10  # of the text, each with its own figure


def evaluate(folder: Path, source: str, show: Show, views: str = "one") -> Evaluation:
    """Mean nats per character of a text. Raises ValueError for symbols that the model does not know, and for views."""
    one_view(views, "a language model")
    model = opened(folder)
    text = read_text(place(source) if source in NAMES else source)
    show.progress("evaluate", 0, 1, "reading")
    surprises = model.surprises(text).double().numpy()
    found = mean(surprises)
    rest = FEWEST / len(text)  # all of it is one part but for what the other one must have
    blocks = divide_text(text, source, (1 - rest, rest, 0.0)).split
    rows = [
        [f"{100 * i // PIECES} to {100 * (i + 1) // PIECES} %", f"{piece.mean():.3f}", f"{np.exp(piece.mean()):.2f}"]
        for i, piece in enumerate(np.array_split(surprises, PIECES))
        if len(piece)
    ]
    said = f"{found.line}, {found.n:,} characters"
    figures = Figures(MEASURE, found.mean, found.low, found.high, found.n, said, more_is_better=False)
    table = [["part of the text", MEASURE, "perplexity"], *rows]
    return counted(folder, source, figures, blocks.hash, blocks.keys, table)
