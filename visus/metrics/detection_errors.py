"""What goes wrong when objects are sought, and how much average precision each kind of mistake costs.

Source: Bolya et al., 2020 (TIDE). A wrong answer has one kind, asked for in this order: `place`, the right class but an
overlap of only .1 to .5; `class`, an overlap of .5 or more with an object of another class; `duplicate`, of an object
that a surer answer found; `background`, no overlap of .1 with anything; else `both`, class and place. An object without
any answer, not even a misplaced or misnamed one, is `missed`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .detection_matches import Flat, Matched, flat

NEAR, FIT = 0.1, 0.5  # overlaps from which on an answer is about an object, and is on it
PLACE, CLASS, DUPLICATE, BACKGROUND, BOTH, MISSED = "place", "class", "duplicate", "background", "both", "missed"
KINDS = (CLASS, PLACE, BOTH, DUPLICATE, BACKGROUND, MISSED)
SAID = {
    CLASS: "right place, wrong class",
    PLACE: "right class, wrong place",
    BOTH: "wrong class and place",
    DUPLICATE: "found twice",
    BACKGROUND: "nothing there",
    MISSED: "missed",
}


@dataclass(frozen=True)
class Mistake:
    """A wrong answer (row into a picture's `Matched`), the object it is about (-1: none) and its kind."""

    picture: int
    row: int
    about: int
    kind: str
    score: float


@dataclass(frozen=True)
class Errors:
    """counts and costs by kind: how many, and by how much mAP at .5 would rise (0..1) if there were none of them."""

    map50: float
    counts: dict[str, int]
    costs: dict[str, float]
    mistakes: list[Mistake]


def errors(pictures: Sequence[Matched], n_classes: int) -> Errors:
    """The mistakes in answers matched at an overlap of .5, the surest first, and what they cost."""
    found = [_mistake(one, at, row) for at, one in enumerate(pictures) for row in np.flatnonzero(_wrong(one)).tolist()]
    spoken = {(m.picture, m.about) for m in found if m.kind in (PLACE, CLASS)}
    missed = [
        (at, int(o))
        for at, one in enumerate(pictures)
        for o in np.flatnonzero(one.missed)
        if (at, int(o)) not in spoken
    ]
    now = _mean(flat(pictures, n_classes))
    costs = {kind: _mean(_mended(pictures, found, kind, n_classes)) - now for kind in KINDS if kind != MISSED}
    costs[MISSED] = _mean(_without(pictures, missed, n_classes)) - now
    counts = {kind: sum(m.kind == kind for m in found) for kind in KINDS} | {MISSED: len(missed)}
    ranked = sorted(found, key=lambda m: -m.score)
    return Errors(now, counts, {kind: costs[kind] for kind in KINDS}, ranked)


def confusion_of_objects(pictures: Sequence[Matched], n_classes: int, threshold: float) -> NDArray[np.int64]:
    """Counts (K + 1, K + 1) of answers from `threshold` on: row the marked class, column the found one; last: nothing.

    Here classes do not matter for who is matched with whom: the surest answer takes the object it overlaps most.
    """
    counts = np.zeros((n_classes + 1, n_classes + 1), dtype=np.int64)
    for one in pictures:
        taken = one.crowd.copy()
        for row in np.flatnonzero((one.scores >= threshold) & ~one.ignored).tolist():
            free = np.where(taken, 0.0, one.overlaps[row])
            best = int(free.argmax()) if free.size else -1
            hit = best >= 0 and free[best] >= FIT
            counts[one.truth[best] if hit else n_classes, one.labels[row]] += 1
            if hit:
                taken[best] = True
        np.add.at(counts[:, n_classes], one.truth[~taken], 1)
    return counts


def _wrong(one: Matched) -> NDArray[np.bool_]:
    return ~one.right & ~one.ignored


def _mistake(one: Matched, picture: int, row: int) -> Mistake:
    overlaps = np.where(one.crowd, 0.0, one.overlaps[row])
    same = one.truth == one.labels[row]
    used = ~one.missed & ~one.crowd
    for kind, among, low, high in (
        (PLACE, same, NEAR, FIT),
        (CLASS, ~same, FIT, 2.0),
        (DUPLICATE, same & used, FIT, 2.0),
    ):
        best = _best(overlaps, among)
        if best >= 0 and low <= overlaps[best] < high:
            return Mistake(picture, row, best, kind, float(one.scores[row]))
    best = _best(overlaps, np.ones_like(same))
    nothing = best < 0 or overlaps[best] < NEAR
    return Mistake(picture, row, -1 if nothing else best, BACKGROUND if nothing else BOTH, float(one.scores[row]))


def _best(overlaps: NDArray[np.float64], among: NDArray[np.bool_]) -> int:
    return int(np.where(among, overlaps, -1.0).argmax()) if among.any() else -1


def _mended(pictures: Sequence[Matched], found: Sequence[Mistake], kind: str, n_classes: int) -> Flat:
    """The answers as if a kind of mistake were put right, or left away where there is nothing to put right."""
    changed = [replace(one, labels=one.labels.copy(), of=one.of.copy(), ignored=one.ignored.copy()) for one in pictures]
    for mistake in sorted((m for m in found if m.kind == kind), key=lambda m: -m.score):
        one = changed[mistake.picture]
        one.ignored[mistake.row] = True
        if kind in (PLACE, CLASS) and mistake.about not in one.of:  # an object is put right by its surest answer only
            one.of[mistake.row], one.ignored[mistake.row] = mistake.about, False
            one.labels[mistake.row] = one.truth[mistake.about]
    return flat(changed, n_classes)


def _without(pictures: Sequence[Matched], missed: Sequence[tuple[int, int]], n_classes: int) -> Flat:
    answers = flat(pictures, n_classes)
    examples = answers.examples.copy()
    for picture, row in missed:
        examples[picture, pictures[picture].truth[row]] -= 1
    return replace(answers, examples=examples)


def _mean(answers: Flat) -> float:
    per_class = answers.average_precisions()
    return float(np.nanmean(per_class)) if np.isfinite(per_class).any() else float("nan")
