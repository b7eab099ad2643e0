"""Write pictures with what a model told of them drawn in."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from ..engine import catalogue
from ..ship.model import Prediction, files
from . import pictured

PHOTOGRAPHS = (".jpg", ".jpeg")  # written as such again, for as PNG they would be many times as large
QUALITY = 92


class Drawings:
    """A folder of drawn pictures, each called as its file.

    Raises ValueError for a model that tells nothing that could be drawn.
    """

    def __init__(self, folder: Path, tells: str, model: Any, pictures: Sequence[Path]) -> None:
        if tells not in catalogue.names(pictured):
            known = " or ".join(catalogue.names(pictured))
            raise ValueError(f"--draw is made for models of {known}, and this one tells {tells}; leave it out")
        self.folder, self.model, self.draw = folder, model, catalogue.find(pictured, tells).drawn
        self.given = {file.resolve() for file in files(list(pictures))}
        self.written: set[Path] = set()
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, prediction: Prediction) -> Path:
        """Draw one picture; returns its file. Raises ValueError where a picture that was asked about would be lost."""
        name = Path(prediction.name)
        suffix = name.suffix if name.suffix.lower() in PHOTOGRAPHS else ".png"
        file, number = self.folder / f"{name.stem}{suffix}", 1
        while file in self.written:  # of another folder
            number += 1
            file = self.folder / f"{name.stem}-{number}{suffix}"
        if file.resolve() in self.given:
            raise ValueError(f"{file} is one of the pictures asked about and would be overwritten; draw elsewhere")
        options: dict[str, Any] = {"quality": QUALITY} if suffix != ".png" else {}
        Image.fromarray(self.draw(prediction, self.model)).save(file, **options)
        self.written.add(file)
        return file
