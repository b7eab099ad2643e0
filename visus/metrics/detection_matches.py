"""Which answer is which object, at one overlap: what average precision at .5 and its interval are counted from.

Within a picture and a class the surest answer first takes the object it overlaps most that no surer one took; an answer
that only fits a crowd counts neither way. These are the rules of COCO's evaluation (Lin et al., 2014).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .detection import RECALLS, Answer, Marked
from .intervals import check_confidence

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Bits = NDArray[np.bool_]

MOST = 100  # answers of a class that count in a picture


@dataclass(frozen=True)
class Matched:
    """The N answers of one picture, the surest first, beside its M objects.

    rows: (N,), where each answer stood. scores: (N,). labels: (N,). of: (N,), the object each is, -1 if it is none.
    ignored: (N,), those that only fit a crowd. overlaps: (N, M), of every pair whatever its classes. truth: (M,),
    classes, -1 of a crowd of no class in particular. crowd: (M,).
    """

    rows: Whole
    scores: Floats
    labels: Whole
    of: Whole
    ignored: Bits
    overlaps: Floats
    truth: Whole
    crowd: Bits

    @property
    def right(self) -> Bits:
        """Answers that are an object."""
        return (self.of >= 0) & ~self.ignored

    @property
    def missed(self) -> Bits:
        """(M,): objects that no answer is."""
        return ~self.crowd & ~np.isin(np.arange(len(self.truth)), self.of)


@dataclass(frozen=True)
class Flat:
    """The answers of all pictures in one row, the surest first, without those that count neither way.

    pictures, labels, right: (N,). examples: (pictures, K), objects to be found.
    """

    pictures: Whole
    scores: Floats
    labels: Whole
    right: Bits
    examples: Whole

    def average_precisions(self, weights: Floats | None = None) -> Floats:
        """(K,), NaN without an example; or (R, K) if R times some pictures are drawn `weights` (R, pictures) times."""
        times = np.ones((1, len(self.examples))) if weights is None else weights
        found = np.full((len(times), self.examples.shape[1]), np.nan)
        for label in range(found.shape[1]):
            rows = np.flatnonzero(self.labels == label)
            wanted = times @ self.examples[:, label]
            counted = times[:, self.pictures[rows]]
            hits = (counted * self.right[rows]).cumsum(1)
            found[:, label] = _areas(hits, counted.cumsum(1), wanted)
        return found[0] if weights is None else found


def match(found: Sequence[Answer], truth: Sequence[Marked], kind: str = "boxes", at: float = 0.5) -> list[Matched]:
    """Of each picture, which answer is which object. kind: boxes or masks; keypoints are matched by their boxes."""
    return [_matched(one, marked, kind, at) for one, marked in zip(found, truth, strict=True)]


def flat(pictures: Iterable[Matched], n_classes: int) -> Flat:
    """All answers in one row, as average precision is counted from them."""
    kept = list(pictures)
    numbers = np.concatenate([np.full(len(one.scores), at) for at, one in enumerate(kept)] or [np.zeros(0)])
    scores, labels, right, ignored = (
        np.concatenate([getattr(one, name) for one in kept] or [np.zeros(0)])
        for name in ("scores", "labels", "right", "ignored")
    )
    order = np.argsort(-scores, kind="stable")
    order = order[~ignored[order].astype(bool)]
    examples = np.array([np.bincount(one.truth[~one.crowd], minlength=n_classes) for one in kept], dtype=np.int64)
    return Flat(
        numbers[order].astype(np.int64),
        scores[order],
        labels[order].astype(np.int64),
        right[order].astype(bool),
        examples.reshape(-1, n_classes),
    )


def bootstrap_map(
    answers: Flat, confidence: float = 0.95, n_resamples: int = 500, seed: int = 0
) -> tuple[float, float]:
    """The interval (low, high) of mAP at the overlap of the matches, by drawing pictures with replacement.

    The same seed gives the same interval; NaN without pictures or objects. Source: Efron, 1979.
    """
    check_confidence(confidence)
    n = len(answers.examples)
    if not answers.examples.sum():
        return float("nan"), float("nan")
    random = np.random.default_rng(seed)
    means = list[float]()
    for start in range(0, n_resamples, 50):  # memory: 50 weights an answer at a time
        weights = random.multinomial(n, np.full(n, 1 / n), min(50, n_resamples - start)).astype(np.float64)
        per_class = answers.average_precisions(weights)
        seen = np.isfinite(per_class).any(1)  # a drawing without any object says nothing
        means += np.nanmean(per_class[seen], axis=1).tolist()
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def best_threshold(answers: Flat, floor: float = 0.05) -> float:
    """The score from which on the answers have the best F1 over all classes: where to cut when objects are counted."""
    if not answers.right.any():
        return 0.5
    hits = answers.right.cumsum()
    f1 = 2 * hits / (np.arange(1, len(hits) + 1) + answers.examples.sum())
    last = np.append(answers.scores[:-1] > answers.scores[1:], True)  # equal scores go together
    best = int(np.argmax(np.where(last, f1, -1)))
    below = answers.scores[best + 1] if best + 1 < len(hits) else floor
    return max(floor, float(answers.scores[best] + below) / 2)  # midway to the next, so that rounding decides nothing


def _areas(hits: Floats, met: Floats, wanted: Floats) -> Floats:
    """Mean of the precision at 101 recalls: hits, met (R, N) down the answers, wanted (R,) objects -> (R,)."""
    areas = np.full(len(hits), np.nan)
    areas[wanted > 0] = 0.0
    if not hits.shape[1]:
        return areas
    precision = hits / (met + np.spacing(1))
    precision = np.maximum.accumulate(precision[:, ::-1], 1)[:, ::-1]  # never below what a later answer still reaches
    for row in np.flatnonzero(wanted > 0):
        reached = np.searchsorted(hits[row] / wanted[row], RECALLS, side="left")
        areas[row] = precision[row, reached[reached < hits.shape[1]]].sum() / len(RECALLS)
    return areas


def _matched(one: Answer, marked: Marked, kind: str, at: float) -> Matched:
    scores, labels = _array(one.scores), _array(one.labels).astype(np.int64)
    rows = _counted(scores, labels)
    scores, labels = scores[rows], labels[rows]
    truth, crowd = _array(marked.labels).astype(np.int64), _array(marked.crowd).astype(bool)
    overlaps = _overlaps(one, marked, rows, crowd, kind)
    of, ignored = np.full(len(rows), -1), np.zeros(len(rows), dtype=bool)
    for label in np.unique(labels):
        mine = np.flatnonzero(labels == label)
        theirs = np.flatnonzero((truth == label) | (crowd & (truth < 0)))
        theirs = theirs[np.argsort(crowd[theirs], kind="stable")]  # an object before a crowd
        taken = np.zeros(len(truth), dtype=bool)
        for row in mine:
            chosen = _chosen(overlaps[row], theirs, crowd, taken, at)
            if chosen >= 0:
                of[row], ignored[row], taken[chosen] = chosen, crowd[chosen], True
    return Matched(rows, scores, labels, of, ignored, overlaps, truth, crowd)


def _chosen(overlaps: Floats, theirs: Whole, crowd: Bits, taken: Bits, at: float) -> int:
    best, chosen = min(at, 1 - 1e-10), -1
    for other in theirs:
        if taken[other] and not crowd[other]:
            continue
        if chosen >= 0 and not crowd[chosen] and crowd[other]:
            break
        if overlaps[other] >= best:
            best, chosen = overlaps[other], int(other)
    return chosen


def _counted(scores: Floats, labels: Whole) -> Whole:
    """Rows that count, the surest first: of each class no more than MOST."""
    order = np.argsort(-scores, kind="stable")
    keep = np.zeros(len(order), dtype=bool)
    for label in np.unique(labels):
        keep[np.flatnonzero(labels[order] == label)[:MOST]] = True
    return order[keep]


def _overlaps(one: Answer, marked: Marked, rows: Whole, crowd: Bits, kind: str) -> Floats:
    if not len(rows) or not len(crowd):
        return np.zeros((len(rows), len(crowd)))
    if kind == "masks":
        from . import _coco

        ours = [_coco.encode(one.masks[row]) for row in rows]
        theirs = [_coco.encode(outline, ours[0]["size"]) for outline in marked.outlines]
        return _coco.overlaps(ours, theirs, crowd)
    a, b = _array(one.boxes)[rows], _array(marked.boxes)
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = (high - low).clip(min=0).prod(2)
    own, other = (a[:, 2:] - a[:, :2]).clip(min=0).prod(1)[:, None], (b[:, 2:] - b[:, :2]).prod(1)[None, :]
    whole = np.where(crowd, own, own + other - shared)
    return np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0)


def _array(values: Any) -> Floats:
    return np.asarray(values.detach().cpu().numpy() if hasattr(values, "detach") else values, dtype=np.float64)
