"""A trained model on disk, and prediction with it: weights, preprocessing and labels travel together.

model/  weights.safetensors   parameters and buffers, mean and deviation of the training part among them
        model.json            architecture, settings, picture size, framing, classes
        card.md               for people
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor, nn

from ..data.collection import CLASSES, NUMBERS
from ..data.decode import Frame, UnreadablePictureError, read, read_array
from ..data.views import VIEWS
from ..engine import catalogue
from ..runs.checkpoint import write_whole
from . import kinds
from ._answers import KINDS
from .ensemble import assemble

MODEL, WEIGHTS, FACTS, CARD = "model", "weights.safetensors", "model.json", "card.md"
FORMAT = 1
BATCH = 64  # pictures scored at once

Pictures = str | Path | Sequence[str | Path] | NDArray[np.uint8]


@dataclass(frozen=True)
class Prediction:
    """What the model says of one picture. error: one sentence if the picture could not be read, else ''.

    label: in words, a class, the attributes that are there, or numbers. probability: of that, of the least certain of
    several attributes; NaN for numbers. probabilities: of each class or attribute. numbers: by name, else None.
    words: of a sentence, each with its probability given those before it, else None.
    """

    name: str
    label: str = ""
    probability: float = 0.0
    probabilities: Mapping[str, float] | None = None
    numbers: Mapping[str, float] | None = None
    words: Sequence[tuple[str, float]] | None = None
    error: str = ""

    def line(self, width: int) -> str:
        """For people: the label, padded to `width` letters, how sure, and the file."""
        sure = "" if self.numbers is not None else f"{100 * self.probability:5.1f} %  "
        return f"{self.label:<{width}}  {sure}{self.name}"

    def table(self) -> list[str]:
        """For people: lines below `line` where a picture is asked about alone; of a class there is no more to say."""
        return []

    def facts(self) -> dict[str, Any]:
        """For programs: what there is of it, ready for JSON."""
        if self.error:
            return {"name": self.name, "error": self.error}
        if self.numbers is not None:
            return {"name": self.name, "label": self.label, "numbers": dict(self.numbers)}
        if self.words is not None:
            return {"name": self.name, "label": self.label, "probability": self.probability, "words": list(self.words)}
        probabilities = dict(self.probabilities or {})
        return {"name": self.name, "label": self.label, "probability": self.probability, "probabilities": probabilities}


class TrainedModel:
    """A model ready to be used: the same decoding, size and scaling as in training.

    tells: what it tells of a picture, classes, attributes or numbers; `classes` are their names.
    views: how a picture is looked at, a name of `data.views`; the probabilities of several views are averaged.
    """

    def __init__(self, network: nn.Module, facts: Mapping[str, Any], views: str = "one") -> None:
        if views not in VIEWS:
            raise ValueError(f"views must be one of {', '.join(VIEWS)}; got '{views}'")
        self.views = VIEWS[views]
        self.network, self.facts = network.eval(), dict(facts)
        self.classes: list[str] = list(facts["classes"])
        self.tells: str = facts.get("tells", CLASSES)
        self._kind = KINDS[self.tells]
        self.frame = Frame(facts["image"][1], facts["image"][2], facts["framing"])

    def predict(self, pictures: Pictures) -> list[str]:
        """What is said of each picture: files, a folder, one file, or an array uint8 (N, H, W) or (N, H, W, 3).

        Raises UnreadablePictureError at the first picture that cannot be read; `look` names and passes over it.
        """
        if isinstance(pictures, np.ndarray):
            return [self._kind.label(self.classes, row) for row in self.probabilities(pictures)]
        found = []
        for prediction in self.look(pictures):
            if prediction.error:
                raise UnreadablePictureError(prediction.error)
            found.append(prediction.label)
        return found

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Arrays uint8 (N, H, W) or (N, H, W, 3) -> probabilities of classes or attributes, or numbers (N, K)."""
        if not len(images):
            return np.empty((0, len(self.classes)), np.float32)
        framed = (read_array(image, self.frame) for image in images)
        return np.concatenate([self._score(batch) for batch in _chunks(framed)])

    def look(self, pictures: str | Path | Sequence[str | Path]) -> Iterator[Prediction]:
        """One prediction a file, in order; a file that cannot be read is named in `error`, and nothing stops."""
        for paths in _chunks(iter(files(pictures))):
            readable: list[tuple[Path, NDArray[np.uint8]]] = []
            errors: dict[Path, str] = {}
            for path in paths:
                try:
                    readable.append((path, read(path, self.frame)))
                except UnreadablePictureError as error:
                    errors[path] = str(error)
            scores = iter(self._score([pixels for _, pixels in readable])) if readable else iter(())
            for path in paths:
                yield Prediction(str(path), error=errors[path]) if path in errors else self._named(path, next(scores))

    @torch.no_grad()
    def score(self, images: Tensor) -> Tensor:
        """Images uint8 (B, 3, H, W) at the model's size -> chances of classes or attributes, or numbers (B, K)."""
        found = [self._kind.answer(self.network(view)) for view in self.views(images)]
        return found[0] if len(found) == 1 else torch.stack(found).mean(0)

    def _score(self, batch: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        images = torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2).contiguous()
        return self.score(images).numpy()

    def _named(self, path: Path, row: NDArray[np.float32]) -> Prediction:
        values = {name: float(p) for name, p in zip(self.classes, row, strict=True)}
        label, sure = self._kind.label(self.classes, row), self._kind.certainty(row)
        if self.tells == NUMBERS:
            return Prediction(str(path), label, sure, numbers=values)
        return Prediction(str(path), label, sure, values)


def save(folder: Path, network: nn.Module, facts: Mapping[str, Any], card: str) -> Path:
    """Write the model into folder/model. facts: recipe, model, settings, image (C, H, W), framing, classes."""
    target = folder / MODEL
    target.mkdir(exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in network.state_dict().items()}
    write_whole(target / WEIGHTS, safetensors.torch.save(tensors))
    write_whole(target / CARD, card.encode())
    # Last, and so the sign that the model is whole.
    write_whole(target / FACTS, (json.dumps({"format": FORMAT, **facts}, indent=2) + "\n").encode())
    return target


def load(folder: str | Path, views: str = "one") -> TrainedModel:
    """The model in a run folder or a model folder. views: one, mirrored, six or ten, see `data.views`.

    Raises FileNotFoundError or ValueError with the next step, also for a model that is not about pictures.
    """
    facts, weights = contents(folder)
    tells = facts.get("tells", CLASSES)
    if tells in catalogue.names(kinds):
        command = catalogue.find(kinds, tells).COMMAND
        raise ValueError(
            f"{folder} holds a model of {tells} and none that tells the class, numbers or attributes of a picture, "
            f"which this is made for; use `{command}`"
        )
    with whole(folder):
        network = assemble(facts)
        network.load_state_dict(weights)
    return TrainedModel(network, facts, views)


def contents(folder: str | Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """model.json and the weights of a run folder or a model folder, of whatever kind.

    Raises FileNotFoundError or ValueError with the next step.
    """
    path = facts_file(folder)
    with whole(folder):
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            raise ValueError(f"{path.parent} has format {facts['format']}, this Visus reads {FORMAT}; update Visus")
        return facts, safetensors.torch.load_file(path.parent / WEIGHTS)


def facts_file(folder: str | Path) -> Path:
    """The model.json of a run folder or a model folder. Raises FileNotFoundError if there is none."""
    folder = Path(folder)
    target = folder if (folder / FACTS).is_file() else folder / MODEL
    if not (target / FACTS).is_file():
        raise FileNotFoundError(f"{folder} holds no trained model; `visus runs` lists the runs and how far they are")
    return target / FACTS


@contextmanager
def whole(folder: str | Path) -> Iterator[None]:
    """Turns what goes wrong inside, while a model is read and built, into a ValueError that says what to do."""
    try:
        yield
    except (KeyError, json.JSONDecodeError, SafetensorError, RuntimeError, OSError) as error:
        why = str(error).partition("\n")[0]
        target = facts_file(folder).parent
        raise ValueError(f"{target} is damaged ({why}); restore it from a copy or train again") from error


def files(pictures: str | Path | Sequence[str | Path]) -> list[Path]:
    """The files meant: one file, those of a folder with its sub-folders by name, or a list of both."""
    if isinstance(pictures, str | Path):
        path = Path(pictures)
        if path.is_dir():
            return sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        return [path]
    return [file for picture in pictures for file in files(picture)]


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    items = iter(items)
    while chunk := list(islice(items, BATCH)):
        yield chunk
