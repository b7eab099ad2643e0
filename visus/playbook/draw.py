"""Write pictures with what a model told of them drawn in."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from ..engine import catalogue
from ..ship.kinds import segmentation
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
        self.model, self.draw = model, catalogue.find(pictured, tells).drawn
        self.files = _Files(folder, pictures)

    def add(self, prediction: Prediction) -> Path:
        """Draw one picture; returns its file. Raises ValueError where a picture that was asked about would be lost."""
        name = Path(prediction.name)
        suffix = name.suffix if name.suffix.lower() in PHOTOGRAPHS else ".png"
        file = self.files.of(name, suffix)
        options: dict[str, Any] = {"quality": QUALITY} if suffix != ".png" else {}
        Image.fromarray(self.draw(prediction, self.model)).save(file, **options)
        return file


class LabelMapFiles:
    """A folder of label maps, each called as its picture: PNGs with a palette, of the picture's size.

    Raises ValueError for a model that paints no classes.
    """

    def __init__(self, folder: Path, tells: str, model: Any, pictures: Sequence[Path]) -> None:
        if not isinstance(model, segmentation.Segmenter):
            raise ValueError(f"--maps is made for models of segmentation, and this one tells {tells}; leave it out")
        self.model, self.files = model, _Files(folder, pictures)

    def add(self, prediction: segmentation.Map) -> Path:
        """Write one map; returns its file. Raises ValueError where a picture that was asked about would be lost."""
        file = self.files.of(Path(prediction.name), ".png")
        segmentation.write_map(file, prediction.classes, self.model.colours)
        return file


class _Files:
    """Names of files in a folder, made if it is not there, that are neither taken nor the pictures asked about."""

    def __init__(self, folder: Path, pictures: Sequence[Path]) -> None:
        self.folder, self.given = folder, {file.resolve() for file in files(list(pictures))}
        self.written: set[Path] = set()
        folder.mkdir(parents=True, exist_ok=True)

    def of(self, name: Path, suffix: str) -> Path:
        """The file for what is made of the picture `name`."""
        file, number = self.folder / f"{name.stem}{suffix}", 1
        while file in self.written:  # of another folder
            number += 1
            file = self.folder / f"{name.stem}-{number}{suffix}"
        if file.resolve() in self.given:
            raise ValueError(f"{file} is one of the pictures asked about and would be overwritten; draw elsewhere")
        self.written.add(file)
        return file
