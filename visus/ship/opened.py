"""Whatever model a folder holds, ready to be used: of pictures, a text, captions or translations."""

import json
from pathlib import Path
from typing import Any

from ..data.collection import CLASSES
from ..engine import catalogue
from . import kinds, model


def told_by(folder: str | Path) -> str:
    """What the model in a run folder or a model folder tells: classes, numbers, text, translation and so on.

    Raises FileNotFoundError or ValueError with the next step.
    """
    path = model.facts_file(folder)
    with model.whole(folder):
        facts = json.loads(path.read_text(encoding="utf-8"))
    return str(facts.get("tells", CLASSES))


def command_for(tells: str) -> str:
    """What people use a model with that tells this: `visus predict`, `visus play` and so on."""
    found: str = catalogue.find(kinds, tells).COMMAND if tells in catalogue.names(kinds) else "visus predict"
    return found


def opened(folder: str | Path, views: str = "one") -> Any:
    """The model in a run folder or a model folder: a `TrainedModel` of pictures, or what its kind of sequence is.

    views: of pictures that are told apart, see `ship.model.load`. Raises FileNotFoundError or ValueError with the next
    step.
    """
    tells = told_by(folder)
    if tells not in catalogue.names(kinds):
        return model.load(folder, views)
    if views != "one":
        raise ValueError(f"views={views} are looks at a picture by a classifier, and {folder} is about {tells}")
    return catalogue.find(kinds, tells).load(Path(folder))


load = opened  # as `visus.load`
