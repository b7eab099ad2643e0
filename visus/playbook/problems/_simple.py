"""Simple methods for numbers and attributes: nearest neighbours and ridge regression on small pictures."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ...data.batches import Prepared
from ...data.collection import TRAIN, VALIDATION
from .._session import Session

SIDE = 16  # pixels: ridge regression on 768 numbers a picture takes a second
MOST_TRAIN, MOST_LOOKED_AT = 5_000, 2_000  # pictures: a baseline is a yardstick, not a competition
NEIGHBOURS = 10
STRENGTHS = np.logspace(0, 6, 13)  # of the ridge; the best is chosen by leaving pictures of the training part out
SAME = 0.9  # mirrored pictures must keep this share of the neighbours' score for mirroring to be harmless

Floats = NDArray[np.float32]
Measure = Callable[[Floats, Floats], float]  # answers (N, T), truth (N, T) -> a score, 1 at best


@dataclass(frozen=True)
class Simple:
    """Answers (N, T) of each method on validation pictures whose truth is (N, T); mirrored: the neighbours' again."""

    truth: Floats
    constant: Floats
    knn: Floats
    ridge: Floats
    mirrored: Floats


def answers(session: Session) -> Simple:
    """What simple methods answer."""
    from sklearn.linear_model import RidgeCV
    from sklearn.neighbors import KNeighborsRegressor

    small = session.ready.limited(train=MOST_TRAIN, validation=MOST_LOOKED_AT)
    (x, _), y = _rows(small, TRAIN)
    (seen, turned), truth = _rows(small, VALIDATION)
    session.show.progress("baselines", 1, 3, "kNN")
    neighbours = KNeighborsRegressor(min(NEIGHBOURS, len(x)), weights="distance").fit(x, y)
    near, mirrored = neighbours.predict(seen), neighbours.predict(turned)
    session.show.progress("baselines", 2, 3, "ridge regression")
    ridge = RidgeCV(STRENGTHS).fit(x, y).predict(seen).reshape(truth.shape)
    return Simple(truth, np.broadcast_to(y.mean(0), truth.shape), near, ridge, mirrored)


def harmless(simple: Simple, measure: Measure, blind: float) -> bool:
    """Whether a mirrored picture still shows what is to be told of it."""
    straight, turned = measure(simple.knn, simple.truth), measure(simple.mirrored, simple.truth)
    return turned - blind >= SAME * (straight - blind)


def _rows(prepared: Prepared, part: str) -> tuple[tuple[Floats, Floats], Floats]:
    """Small pictures (N, D), standardised, as they are and mirrored; truth (N, T)."""
    mean, std = (torch.tensor(values)[:, None, None] for values in (prepared.mean, prepared.std))
    found: list[tuple[Tensor, Tensor, Tensor]] = []
    for images, truth in prepared.part(part):
        scaled = F.interpolate((images.float() - mean) / std, (SIDE, SIDE), mode="area")
        found.append((scaled.flatten(1), scaled.flip(3).flatten(1), truth))
    straight, turned, told = (torch.cat(column).numpy() for column in zip(*found, strict=True))
    return (straight, turned), told
