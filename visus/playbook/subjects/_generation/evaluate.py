"""Measure a finished model of pictures on other pictures; the use is counted."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ....data.audit._gather import gather
from ....data.collection import TEST
from ....data.drawings import Drawings, all_grey
from ....data.gallery import UNNAMED, open_gallery
from ....data.named import cache
from ....data.prepare import divide, finish
from ....engine import catalogue
from ....ship.kinds.generation import Painter
from ....ship.opened import opened
from ..._session import Show
from .. import _shared
from .._evaluation import Evaluation, Figures, counted, one_view
from . import aims
from .aims import _aimed
from .aims._tested import Tested

EACH = 5  # pictures at either end of a table


def evaluate(folder: Path, source: str, show: Show, views: str = "one") -> Evaluation:
    """What the model's own measure says of all pictures of a source, or of its test part where it states one.

    Raises ValueError for grey pictures where it draws colour, classes that it does not know or are missing, and views.
    """
    one_view(views, "a model that makes pictures")
    painter: Painter = opened(folder)
    show.progress("evaluate", 0, 1, "looking at every picture")
    drawings = _as_drawn(painter, source)

    def tell(share: float, what: str) -> None:
        show.progress("evaluate", share, 1, what)

    found = catalogue.find(aims, _aimed.of(painter.network)).test(painter, drawings, TEST, "", {}, 0, tell)
    figures = Figures(
        found.measure, found.score, found.low, found.high, found.n, f"{found.said}, {found.n:,} pictures", False
    )
    keys = [drawings.split.keys[row] for row in drawings.rows(TEST)]
    return counted(folder, source, figures, drawings.split.hash, keys, _table(found, drawings))


def _as_drawn(painter: Painter, source: str) -> Drawings:
    """The pictures in the model's frame and levels, those to be measured as the test part."""
    collection = open_gallery(source)
    if painter.n_classes:
        if tuple(collection.classes) == UNNAMED:
            raise ValueError(
                f"the model is told the class of each picture, and those of {source} have none; put each class into a "
                "folder of its own"
            )
        used = np.unique(collection.labels).tolist()
        place = _shared.places_of(collection.classes, painter.classes, used, source)
        collection = replace(collection, labels=place[collection.labels], classes=tuple(painter.classes))
    gathered = gather(collection, cache=cache())
    pictures = finish(gathered, painter.frame, divide(gathered, 0, fewest_classes=1))
    if painter.canvas.channels == 3 and all_grey(pictures):
        raise ValueError(f"the pictures of {source} are grey, and the model draws colour; measure it on colour ones")
    pictures = _shared.to_be_measured(pictures, painter.frame, collection.splits)
    return Drawings(pictures, painter.canvas)


def _table(found: Tested, drawings: Drawings) -> list[list[str]]:
    """The pictures that the model is most and least at home with, or its further figures."""
    if found.each is None:
        return [["measure", "value"], *([name, f"{value:.4g}"] for name, value in found.values.items())]
    order, names = np.argsort(-found.each, kind="stable"), drawings.names(TEST)
    worst, best = order[:EACH].tolist(), [row for row in order[::-1][:EACH].tolist() if row not in order[:EACH]]
    rows = [[names[row], f"{found.each[row]:.4g}"] for row in [*worst, *reversed(best)]]
    return [["picture, the least expected first", found.measure], *rows]
