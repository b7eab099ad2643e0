"""Whatever trained model tells something of pictures, a class or a sentence, asked in one way."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..engine import catalogue
from . import kinds, model
from .opened import told_by

COMMAND = "visus predict"  # of models of sequences that tell something of pictures
ONE = "one"  # view of a picture, the usual
SENTENCE = 48  # letters that the sentences of several pictures are padded to


@dataclass(frozen=True)
class Looker:
    """look: files and folders -> one prediction a file. width: letters of its labels."""

    look: Callable[[Sequence[Path]], Iterator[model.Prediction]]
    width: int


def looker(folder: str | Path, views: str = ONE, way: Mapping[str, Any] | None = None) -> Looker:
    """What answers about pictures by the model in `folder`.

    views: how often each picture is looked at, of `data.views`; way: how the words of a sentence are chosen, see
    `kinds.captions.Way`, None or empty for what is usual. Raises FileNotFoundError, and ValueError for a model that
    tells nothing of pictures, or for one kind's settings asked of another.
    """
    tells = told_by(folder)
    if tells not in catalogue.names(kinds) or catalogue.find(kinds, tells).COMMAND != COMMAND:
        trained = model.load(folder, views)
        if way:
            raise ValueError(
                f"a beam or a sample is of words, and {folder} tells {tells}; leave --beam and --sample out"
            )
        return Looker(trained.look, max(len(name) for name in trained.classes))
    if views != ONE:
        raise ValueError(f"--views {views} averages answers, and sentences have no average; leave it out for {folder}")
    kind = catalogue.find(kinds, tells)
    chosen = kind.Way(**(way or {}))
    captioner = kind.load(folder)
    return Looker(lambda pictures: captioner.look(pictures, chosen), SENTENCE)
