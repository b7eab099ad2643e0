"""Measure a finished captioner on other pictures with captions; the use is counted."""

from pathlib import Path
from typing import Any

import numpy as np

from ....data.captioned import prepare_captions
from ....ship.opened import opened
from ..._caption_scores import CIDER, MEASURES, plain, scored
from ..._session import Show
from .._evaluation import Evaluation, Figures, counted, one_view

AT_ONCE = 64  # pictures described at once


def evaluate(folder: Path, source: str, show: Show, views: str = "one") -> Evaluation:
    """CIDEr, BLEU and ROUGE-L of captions of all pictures of a source, or of its test part where it states one."""
    one_view(views, "a captioner")
    captioner: Any = opened(folder)
    frame = captioner.frame
    captioned = prepare_captions(source, frame.width, frame.framing, threshold=1)
    stated = captioned.split.how.startswith("as the data set states")
    rows = captioned.rows("test") if stated else np.arange(len(captioned.words))
    said: list[list[str]] = []
    for first in range(0, len(rows), AT_ONCE):
        show.progress("evaluate", first, len(rows), "pictures")
        said += [
            plain(one.words) for one in captioner.captions(captioned.pictures.images(rows[first : first + AT_ONCE]))
        ]
    references = [[plain(words) for words in captioned.words[row] if plain(words)] for row in rows]
    found = scored(said, references, intervals=True)
    value, low, high = (of[CIDER] for of in (found.values, found.low, found.high))
    told = f"{CIDER} {value:.2f} (95 % CI {low:.2f} to {high:.2f}), {len(rows):,} pictures"
    figures = Figures(CIDER, value, low, high, len(rows), told)
    table = [["measure", "value", "95 % interval"], *(_row(name, found) for name in MEASURES)]
    keys = [captioned.split.keys[row] for row in rows]
    return counted(folder, source, figures, captioned.split.hash, keys, table)


def _row(name: str, found: Any) -> list[str]:
    times, digits = (1, 2) if name == CIDER else (100, 1)
    value, low, high = (f"{times * of[name]:.{digits}f}" for of in (found.values, found.low, found.high))
    return [name, value, f"{low} to {high}"]
