"""What a model sees of a picture: pixels, standardised in one of several ways, or features made by hand.

Features are part of the model: they are saved with it, and what it predicts from is a picture. Those of the training
pictures are made once and kept, so nothing is augmented unless it is asked for; then they are made batch by batch.
"""

import weakref
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import features
from ..data.batches import PART_BATCH, Prepared
from ..data.collection import TRAIN
from ..data.kept import Rows
from ..data.preprocess import Standardise, pixel_statistics
from ..engine import catalogue
from ..features._described import Described
from ..models import classifiers
from . import _form

PIXELS = "pixels"
CHANNEL, FEATURE, MEAN_IMAGE, UNIT = "channel", "feature", "mean_image", "unit"
NAMES = ", ".join(name for name in catalogue.names(features) if name != PIXELS)
USUAL = {"features": PIXELS, "standardise": CHANNEL}
MOST_FITTED, FITTED_VALUES = 10_000, 2**27  # pictures, and pixels times colours, that features are learned from
GIB = 2**30


def check(words: str, model: str, standardise: str = CHANNEL) -> None:
    """Raise LookupError or ValueError for features that are not there, or that a model cannot look at."""
    if words == PIXELS:
        return
    asked = [_read(word) for word in words.split("+")]
    if not getattr(catalogue.find(classifiers, model), "TAKES_ROWS", False):
        able = [n for n in catalogue.names(classifiers) if getattr(catalogue.find(classifiers, n), "TAKES_ROWS", False)]
        raise ValueError(
            f"{model} looks at pictures and {'+'.join(name for name, _ in asked)} gives rows of numbers; "
            f"use features=pixels or one of model={', '.join(able)}"
        )
    if standardise not in (CHANNEL, FEATURE):
        raise ValueError(f"features are standardised column by column; leave standardise={standardise} out")


def unfitted(words: str, standardise: str, image: tuple[int, int, int]) -> Standardise | Described:
    """The module that stands before the network, before it has seen a picture: for saved buffers to be loaded into."""
    if words != PIXELS:
        return _parts(words, image)
    C, H, W = image
    means = (C, H, W) if standardise in (FEATURE, MEAN_IMAGE) else (C,)
    return Standardise(torch.zeros(means), torch.ones((C, H, W) if standardise == FEATURE else (C,)))


def fitted(
    prepared: Prepared, words: str, standardise: str, memory_gib: float
) -> tuple[Standardise | Described, Rows | None]:
    """The module that stands before the network, and what it makes of pictures where that is kept.

    Pixels have mean 0 and deviation 1 in the training part: by colour (channel), by pixel and colour (feature), or
    about the mean picture (mean_image); or lie between -1 and 1 (unit). They are never kept: they are cheap.
    """
    if words != PIXELS:
        return described(prepared, words, memory_gib)
    if standardise == CHANNEL:
        return Standardise(prepared.mean, prepared.std), None
    if standardise == UNIT:
        return Standardise([0.5] * prepared.image[0], [0.5] * prepared.image[0]), None
    mean, std = pixel_statistics(images for images, _ in prepared.part(TRAIN))
    return Standardise(mean, std if standardise == FEATURE else std.square().mean((1, 2)).sqrt()), None


def described(prepared: Prepared, words: str, memory_gib: float) -> tuple[Described, Rows | None]:
    """Features fitted to the training part, and the rows they make of it; None where memory does not hold them.

    The last answer is remembered as long as its pictures are: the trials of a search ask again and again.
    """
    if not (_LAST and _LAST[0].of() is prepared and _LAST[0].asked == (words, memory_gib)):
        seen = _parts(words, prepared.image)
        n = min(MOST_FITTED, max(1, FITTED_VALUES // int(np.prod(prepared.image))))
        seen.fit(torch.cat([images for images, _ in prepared.part(TRAIN, n)]))
        held = sum(len(prepared.rows(part)) for part in ("train", "validation", "test"))
        rows = Rows(seen) if held * seen.size * 4 <= memory_gib * GIB else None
        if rows:
            raw = torch.cat(list(_pieces(prepared, seen)))
            seen.settle(raw.split(PART_BATCH))
            rows.keep(TRAIN, seen.standardised(raw))
        else:
            seen.settle(_pieces(prepared, seen))
        _LAST[:] = [_Answer(weakref.ref(prepared), (words, memory_gib), seen, rows)]
    return deepcopy(_LAST[0].seen), _LAST[0].rows


@dataclass(frozen=True)
class _Answer:
    of: "weakref.ref[Prepared]"
    asked: tuple[str, float]
    seen: Described
    rows: Rows | None


_LAST: list[_Answer] = []


def _parts(words: str, image: tuple[int, int, int]) -> Described:
    """The features named, as in hog:cell=4+hue."""
    named = [_read(word) for word in words.split("+")]
    return Described([catalogue.find(features, name).build(image, **settings) for name, settings in named])


def _pieces(prepared: Prepared, seen: Described) -> Iterator[Tensor]:
    for images, _ in prepared.part(TRAIN):
        yield seen.describe(images)


def _read(word: str) -> tuple[str, dict[str, Any]]:
    """'hog:cell=4:block=2' -> ('hog', {'cell': 4, 'block': 2}). Raises LookupError, ValueError."""
    name, *settings = word.split(":")
    build = catalogue.find(features, name).build
    return name, _form.read(build, _form.words(settings))
