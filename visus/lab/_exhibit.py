"""What an experiment leaves: sentences with measured numbers, figures, pictures, and the numbers themselves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..report.figures.chart import Chart
from ..report.pictures import data_uri
from ..runs.checkpoint import write_whole


@dataclass(frozen=True)
class Plate:
    """Pictures uint8 (N, H, W, 3) side by side, with a caption each or none, and one sentence on how to read them."""

    title: str
    pictures: NDArray[np.uint8]
    reading: str
    captions: Sequence[str] = ()

    @property
    def shown(self) -> list[tuple[str, str]]:
        """(data URI, caption) of each picture."""
        captions = self.captions or [""] * len(self.pictures)
        return [(data_uri(picture), caption) for picture, caption in zip(self.pictures, captions, strict=True)]


@dataclass(frozen=True)
class Exhibit:
    """findings: sentences, each with the number that was measured. data: the numbers, JSON-ready."""

    title: str
    findings: Sequence[str]
    charts: Sequence[Chart] = ()
    plates: Sequence[Plate] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


def write(name: str, question: str, settings: Mapping[str, Any], exhibit: Exhibit, folder: Path) -> Path:
    """Write folder/NAME.html, which opens offline, and folder/NAME.json; returns the page's path."""
    import jinja2  # only when a page is written: most commands never do

    templates = Path(__file__).parents[1]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([templates / "lab", templates / "report"]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("lab.html").render(name=name, question=question, settings=settings, exhibit=exhibit)
    folder.mkdir(parents=True, exist_ok=True)
    record = {"experiment": name, "settings": dict(settings), "findings": list(exhibit.findings)}
    write_whole(folder / f"{name}.json", (json.dumps({**record, **exhibit.data}, indent=2) + "\n").encode())
    write_whole(folder / f"{name}.html", page.encode())
    return folder / f"{name}.html"
