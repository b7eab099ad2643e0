"""A page of its own: sentences with measured numbers, figures, pictures; and the numbers themselves beside it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..runs.checkpoint import write_whole
from .figures.chart import Chart
from .passages import Passage
from .pictures import data_uri

LARGE = 0.65  # pixels of the page for one of a drawing


@dataclass(frozen=True)
class Plate:
    """Pictures uint8 (N, H, W, 3) side by side, with a caption each or none, and one sentence on how to read them.

    large: they are drawings whose words are to be read.
    """

    title: str
    pictures: NDArray[np.uint8]
    reading: str
    captions: Sequence[str] = ()
    large: bool = False

    @property
    def width_px(self) -> int:
        """On the page, where they are large: dense enough for a fine screen."""
        return round(LARGE * self.pictures.shape[2])

    @property
    def shown(self) -> list[tuple[str, str]]:
        """(data URI, caption) of each picture."""
        captions = self.captions or [""] * len(self.pictures)
        return [(data_uri(picture), caption) for picture, caption in zip(self.pictures, captions, strict=True)]


@dataclass(frozen=True)
class Table:
    """Rows of words and numbers as they are to be read, under a heading each."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    reading: str = ""


@dataclass(frozen=True)
class Exhibit:
    """findings: sentences, each with the number that was measured. data: the numbers, JSON-ready."""

    title: str
    findings: Sequence[str]
    charts: Sequence[Chart] = ()
    plates: Sequence[Plate] = ()
    tables: Sequence[Table] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    passages: Sequence[Passage] = ()


def write(
    name: str, question: str, settings: Mapping[str, Any], exhibit: Exhibit, folder: Path, kicker: str = "laboratory"
) -> Path:
    """Write folder/NAME.html, which opens offline, and folder/NAME.json; returns the page's path."""
    import jinja2  # only when a page is written: most commands never do

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template("exhibit.html").render(
        name=name, question=question, settings=settings, exhibit=exhibit, kicker=kicker
    )
    folder.mkdir(parents=True, exist_ok=True)
    record = {"name": name, "settings": dict(settings), "findings": list(exhibit.findings)}
    write_whole(folder / f"{name}.json", (json.dumps({**record, **exhibit.data}, indent=2) + "\n").encode())
    write_whole(folder / f"{name}.html", page.encode())
    return folder / f"{name}.html"
