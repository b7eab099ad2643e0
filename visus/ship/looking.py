"""Whatever trained model tells something of pictures, a class, a sentence or objects, asked in one way."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..engine import catalogue
from . import kinds, model
from .opened import told_by

COMMAND = "visus predict"  # of models of sequences, objects and maps that tell something of pictures
ONE = "one"  # view of a picture, the usual
SENTENCE = 48  # letters that the sentences of several pictures are padded to
OPTIONS = {"beam": "--beam", "drawn": "--sample", "temperature": "--temperature", "threshold": "--threshold"}


@dataclass(frozen=True)
class Looker:
    """look: files and folders -> one prediction a file. width: letters of its labels. tells: what it tells, and by
    which model.
    """

    look: Callable[[Sequence[Path]], Iterator[model.Prediction]]
    width: int
    tells: str
    model: Any


def looker(folder: str | Path, views: str = ONE, way: Mapping[str, Any] | None = None) -> Looker:
    """What answers about pictures by the model in `folder`.

    views: how often each picture is looked at, of `data.views`; way: how it answers, see the `Way` of its kind, None or
    empty for what is usual. Raises FileNotFoundError, and ValueError for a model that tells nothing of pictures, or for
    one kind's settings asked of another.
    """
    tells = told_by(folder)
    if tells not in catalogue.names(kinds) or catalogue.find(kinds, tells).COMMAND != COMMAND:
        trained = model.load(folder, views)
        _check(folder, tells, way or {}, ())
        return Looker(trained.look, max(len(name) for name in trained.classes), tells, trained)
    if views != ONE:
        raise ValueError(f"--views {views} averages answers about classes, and {folder} tells {tells}; leave it out")
    kind = catalogue.find(kinds, tells)
    _check(folder, tells, way or {}, [one.name for one in fields(kind.Way)])
    chosen = kind.Way(**(way or {}))
    trained = kind.load(folder)
    return Looker(lambda pictures: trained.look(pictures, chosen), SENTENCE, tells, trained)


def _check(folder: str | Path, tells: str, way: Mapping[str, Any], known: Sequence[str]) -> None:
    foreign = [OPTIONS.get(name, f"--{name}") for name in way if name not in known]
    if foreign:
        raise ValueError(f"{folder} tells {tells}, for which {foreign[0]} means nothing; leave it out")
