"""Whatever model a folder holds, ready to be used: of pictures, a text, captions or translations."""

import json
from pathlib import Path
from typing import Any

from ..data.collection import CLASSES
from ..engine import catalogue
from . import model, sequences


def told_by(folder: str | Path) -> str:
    """What the model in a run folder or a model folder tells: classes, numbers, text, translation and so on.

    Raises FileNotFoundError or ValueError with the next step.
    """
    path = model.facts_file(folder)
    with model.whole(folder):
        facts = json.loads(path.read_text(encoding="utf-8"))
    return str(facts.get("tells", CLASSES))


def opened(folder: str | Path) -> Any:
    """The model in a run folder or a model folder: a `TrainedModel` of pictures, or what its kind of sequence is.

    Raises FileNotFoundError or ValueError with the next step.
    """
    tells = told_by(folder)
    if tells in catalogue.names(sequences):
        return catalogue.find(sequences, tells).load(Path(folder))
    return model.load(folder)
