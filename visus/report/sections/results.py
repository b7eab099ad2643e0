"""The test, looked at closely: confusions, classes, mistakes, doubts and calibration."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...metrics.calibration import Reliability, error_by_chance, reliability
from ...metrics.confusion import PerClass, confusion, per_class
from ...metrics.intervals import bootstrap_f1, wilson, wilson_f1
from ..figures import calibration
from ..figures import confusion as confusion_figure
from ..pictures import data_uri
from ..record import Record, sequence
from ..wording import percent, points
from .outcome import Predictions, predictions

MAX_PICTURES = 24  # in each of the two galleries
_SHOWN_CLASSES = 20  # beyond, the weakest are shown and the rest is folded away
_CONFUSIONS = 10


def gather(record: Record) -> dict[str, Any] | None:
    """Charts, the table of classes and the galleries; None if no predictions were kept."""
    said = predictions(record)
    if said is None:
        return None
    n_classes = said.probabilities.shape[1]
    names = (record.classes + [f"class {k + 1}" for k in range(len(record.classes), n_classes)])[:n_classes]
    matrix = confusion(said.labels, said.predicted, n_classes)
    scores = per_class(matrix)
    bins = reliability(said.probabilities, said.labels)
    rows = _classes(matrix, scores, names)
    return {
        "broken": said.broken,
        "confusion": confusion_figure.confusion(matrix, names),
        "confusions": _confusions(matrix, names),
        "classes": rows[:_SHOWN_CLASSES] if len(rows) > 1.5 * _SHOWN_CLASSES else rows,
        "other_classes": rows[_SHOWN_CLASSES:] if len(rows) > 1.5 * _SHOWN_CLASSES else [],
        "numbered": n_classes > confusion_figure.MAX_NAMED,
        "macro_f1": scores.macro_f1,
        "macro_interval": bootstrap_f1(matrix).macro,
        "calibration": calibration.calibration(bins),
        "ece": bins.expected_calibration_error,
        "sureness": _sureness(bins, error_by_chance(said.probabilities)),
        **_galleries(record, said, names),
    }


def _confusions(matrix: NDArray[np.int64], names: list[str]) -> list[dict[str, Any]]:
    """The most frequent mistakes: what it is, what the network said, how often, share of the true class."""
    wrong = matrix * (1 - np.eye(len(matrix), dtype=np.int64))
    order = np.argsort(-wrong, axis=None, kind="stable")[:_CONFUSIONS]
    return [
        {
            "truth": names[row],
            "said": names[column],
            "n": int(wrong[row, column]),
            "share": wrong[row, column] / matrix[row].sum(),
        }
        for row, column in zip(*np.unravel_index(order, wrong.shape))
        if wrong[row, column]
    ]


def _classes(matrix: NDArray[np.int64], scores: PerClass, names: list[str]) -> list[dict[str, Any]]:
    """One row a class, weakest F1 first, each score with its 95 % interval; a score without an answer is None."""
    hits, support, called = np.diag(matrix), matrix.sum(1), matrix.sum(0)

    def row(k: int) -> dict[str, Any]:
        right, pictures, calls = int(hits[k]), int(support[k]), int(called[k])
        cells = (
            (scores.precision[k], wilson(right, calls)),
            (scores.recall[k], wilson(right, pictures)),
            (scores.f1[k], wilson_f1(right, calls - right, pictures - right)),
        )
        shown = [
            {"value": float(value), "low": ends[0], "high": ends[1]} if np.isfinite(value) else None
            for value, ends in cells
        ]
        return {"number": k + 1, "name": names[k], "support": pictures, "scores": shown}

    return [row(int(k)) for k in np.argsort(np.nan_to_num(scores.f1, nan=2.0), kind="stable")]


def _sureness(bins: Reliability, by_chance: float) -> str:
    error, over = bins.expected_calibration_error, bins.overconfidence
    limit = f"(With so many pictures chance alone gives up to {percent(by_chance)}.)"
    if error <= by_chance:
        return f"Nothing here speaks against taking its probabilities at their word. {limit}"
    if over > error / 2:
        return f"It is too sure of itself: on average it claims {points(over)} points more than it delivers. {limit}"
    if -over > error / 2:
        return f"It is too modest: on average it delivers {points(-over)} points more than it claims. {limit}"
    return f"It is too sure in places and too modest in others: its probabilities rank, but are no odds. {limit}"


def _galleries(record: Record, said: Predictions, names: list[str]) -> dict[str, Any]:
    """The worst mistakes (surest and yet wrong) and, of the rest, the least certain (smallest lead)."""
    rows, pictures = record.tensors.get("gallery.rows"), record.tensors.get("gallery.images")
    if rows is None or pictures is None or pictures.ndim != 4 or len(rows) != len(pictures):
        return {"mistakes": [], "doubts": []}
    place = {int(row): i for i, row in enumerate(said.rows)}
    at = [(place[int(row)], int(row), i) for i, row in enumerate(rows) if int(row) in place]
    right = said.predicted == said.labels
    ordered = np.sort(said.probabilities, axis=1)
    lead = np.diff(ordered[:, -2:])[:, -1] if len(names) > 1 else ordered[:, -1]
    truth = said.probabilities[np.arange(len(said.labels)), said.labels]
    files = sequence(record.facts.get("test.names"))

    def card(entry: tuple[int, int, int]) -> dict[str, Any]:
        i, row, picture = entry
        second = int(np.argsort(-said.probabilities[i], kind="stable")[1]) if len(names) > 1 else 0
        return {
            "picture": data_uri(pictures[picture]),
            "name": files[row] if row < len(files) else f"test picture {row}",
            "label": names[said.labels[i]],
            "said": names[said.predicted[i]],
            "right": bool(right[i]),
            "probability": float(ordered[i, -1]),
            "truth": float(truth[i]),
            "second": names[second],
            "second_probability": float(said.probabilities[i, second]),
        }

    half = min(MAX_PICTURES, (len(at) + 1) // 2)
    mistakes = sorted((entry for entry in at if not right[entry[0]]), key=lambda entry: -ordered[entry[0], -1])[:half]
    doubts = sorted((entry for entry in at if entry not in mistakes), key=lambda entry: lead[entry[0]])[:half]
    return {"mistakes": [card(entry) for entry in mistakes], "doubts": [card(entry) for entry in doubts]}
