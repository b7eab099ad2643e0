"""How well a segmenter paints pictures it has not learned from, and the evidence of it for the report."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from PIL import Image

from ..data.decode import read_full
from ..data.label_maps import IGNORE
from ..data.prepared_maps import PreparedMaps
from ..metrics.segmentation import BoundaryScores, MapScores, boundary_scores, confusion_of_maps, scores_of
from ..report.figures import maps
from ..report.sections.segmentation import CONFUSION, FACTS, PAIRS
from ..runs.checkpoint import write_whole
from ..runs.reader import EVIDENCE
from ..ship.kinds.segmentation import Segmenter, load
from ._session import Show

MEASURE = "mean IoU"
AT_ONCE = 16  # pictures read at once
RESAMPLES = 1000
INTERVAL = 0.95
EACH = 3  # pictures of a kind
LONG_PX = 420  # of the long side in the report

Maps = NDArray[np.uint8]


@dataclass(frozen=True)
class Examined:
    """What a segmenter paints in the N pictures of one part, and what that is worth, in pixels of the maps' files.

    answers: the class of every pixel of each. confusions: (N, K, K), rows truth. low, high: of the mean IoU, (K,) of
    each class's, by drawing pictures again.
    """

    part: str
    rows: NDArray[np.int64]
    answers: Sequence[Maps]
    confusions: NDArray[np.int64]
    classes: Sequence[str]
    scores: MapScores
    boundaries: BoundaryScores
    interval: tuple[float, float]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def values(self) -> dict[str, float]:
        """The figures by name, in 0..1, those that nothing was there for left out."""
        known = {
            MEASURE: self.scores.mean_iou,
            "pixel accuracy": self.scores.pixel_accuracy,
            "mean accuracy of a class": self.scores.mean_accuracy,
            "IoU weighted by area": self.scores.weighted_iou,
            "boundary F": self.boundaries.mean_f,
            "boundary IoU": self.boundaries.mean_iou,
        }
        return {name: value for name, value in known.items() if np.isfinite(value)}

    @property
    def line(self) -> str:
        """In words, for a verdict."""
        low, high = (100 * end for end in self.interval)
        worst = int(np.nanargmin(np.where(np.isfinite(self.scores.accuracy), self.scores.iou, np.nan)))
        return (
            f"{MEASURE} {100 * self.scores.mean_iou:.1f} % (95 % CI {low:.1f} to {high:.1f}), "
            f"{100 * self.scores.pixel_accuracy:.1f} % of the pixels right; "
            f"poorest: {self.classes[worst]} ({100 * self.scores.iou[worst]:.1f} %)"
        )

    @property
    def detail(self) -> dict[str, Any]:
        """For the verdict of a test stage and the card, JSON-ready. score, low, high: mean IoU."""
        return {
            "measure": MEASURE,
            "score": self.scores.mean_iou,
            "low": self.interval[0],
            "high": self.interval[1],
            "values": {name: value for name, value in self.values.items() if name != MEASURE},
            "n": len(self.rows),
            "n_pixels": int(self.confusions.sum()),
        }


def keep(
    folder: Path, task_or_model: Any, prepared: PreparedMaps, part: str, show: Show | None = None, seed: int = 0
) -> Examined:
    """Paint the pictures of a part, score that, and write the evidence for the report.

    task_or_model: the shipped segmenter; for a task, that in the folder is taken. Raises ValueError for a part without
    a single pixel that counts.
    """
    segmenter = task_or_model if isinstance(task_or_model, Segmenter) else load(folder)
    examined = examine(segmenter, prepared, part, show, seed)
    write(folder, segmenter, prepared, examined, seed)
    return examined


def examine(
    segmenter: Segmenter, prepared: PreparedMaps, part: str, show: Show | None = None, seed: int = 0
) -> Examined:
    """Paint every picture of a part and score what is painted. Raises ValueError, see `keep`."""
    rows, n_classes = prepared.rows(part), prepared.n_classes
    answers, truths = list[Maps](), list[Maps]()
    confusions = np.zeros((len(rows), n_classes, n_classes), dtype=np.int64)
    for first in range(0, len(rows), AT_ONCE):
        some = rows[first : first + AT_ONCE]
        if show is not None:
            show.progress("test", first, len(rows), "pictures")
        scores = segmenter.scores(prepared.pictures.images(some))
        for row, own in zip(some.tolist(), scores, strict=True):
            truth = prepared.original(row)
            said = segmenter.painted(own, (truth.shape[0], truth.shape[1]))
            truth = np.where(said == IGNORE, np.uint8(IGNORE), truth)  # a crop that was not looked at
            confusions[len(answers)] = confusion_of_maps(truth, np.where(said == IGNORE, 0, said), n_classes)
            answers.append(said)
            truths.append(truth)
    if not confusions.any():
        raise ValueError(f"{prepared.origin} paints no pixel of its {part} pictures; take another part")
    interval, low, high = bootstrapped(confusions, seed)
    return Examined(
        part, rows, answers, confusions, list(prepared.classes), scores_of(confusions.sum(0)),
        boundary_scores(truths, answers, n_classes), interval, low, high,
    )  # fmt: skip


def bootstrapped(
    confusions: NDArray[np.int64], seed: int = 0
) -> tuple[tuple[float, float], NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the 95 % interval of the mean IoU, and (K,) of each class's IoU: by drawing pictures again."""
    n, n_classes = len(confusions), confusions.shape[1]
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), RESAMPLES)
    drawn = (weights @ confusions.reshape(n, -1)).reshape(RESAMPLES, n_classes, n_classes)
    hits, true = np.diagonal(drawn, axis1=1, axis2=2), drawn.sum(2)
    whole = true + drawn.sum(1) - hits
    iou = np.divide(hits, whole, out=np.full(hits.shape, np.nan), where=true > 0)
    there = true > 0
    means = np.where(there, iou, 0).sum(1) / np.maximum(1, there.sum(1))
    ends = (1 - INTERVAL) / 2, (1 + INTERVAL) / 2
    own = np.full((2, n_classes), np.nan)
    for k in np.flatnonzero(there.any(0)).tolist():
        own[:, k] = np.quantile(iou[there[:, k], k], ends)
    low, high = np.quantile(means, ends).tolist()
    return (low, high), own[0], own[1]


def write(folder: Path, segmenter: Segmenter, prepared: PreparedMaps, examined: Examined, seed: int = 0) -> None:
    """Write the evidence that the report's section on segmentation is made from."""
    shown, examples = _pictures(segmenter, prepared, examined, seed)
    facts = {
        **examined.detail,
        "values": examined.values,
        "part": examined.part,
        "names": list(examined.classes),
        "classes": _classes(segmenter, examined),
        "examples": examples,
    }
    tensors = {
        CONFUSION: torch.from_numpy(examined.confusions.sum(0)),
        **{f"{PAIRS}{number}": torch.from_numpy(picture.copy()) for number, picture in enumerate(shown)},
    }
    header = {"facts": json.dumps({"tells": "segmentation", FACTS: facts})}
    write_whole(folder / EVIDENCE, safetensors.torch.save(tensors, header))


def _classes(segmenter: Segmenter, examined: Examined) -> list[dict[str, Any]]:
    """Of each class its colour, share of the pixels, IoU with its interval, accuracy and boundary."""
    true = examined.confusions.sum(0).sum(1)
    listed = []
    for k in np.flatnonzero(true).tolist():
        figures = {
            "iou": examined.scores.iou[k],
            "low": examined.low[k],
            "high": examined.high[k],
            "accuracy": examined.scores.accuracy[k],
            "boundary": examined.boundaries.f[k],
            "share": true[k] / true.sum(),
        }
        known = {name: float(value) for name, value in figures.items() if np.isfinite(value)}
        listed.append({"name": examined.classes[k], "label": k, "colour": list(segmenter.colours[k]), **known})
    return listed


def _pictures(
    segmenter: Segmenter, prepared: PreparedMaps, examined: Examined, seed: int
) -> tuple[list[NDArray[np.uint8]], list[dict[str, Any]]]:
    """uint8 (4, H, W, 3): the picture, what is true, what was painted, where that is wrong; and what is to be said."""
    each = [scores_of(one) for one in examined.confusions]
    merits = np.array([one.mean_iou for one in each])
    known = np.flatnonzero(np.isfinite(merits))
    order = known[np.argsort(merits[known], kind="stable")]
    several = (examined.confusions.sum(2) > 0).sum(1) > 1  # one class everywhere is soon painted right
    full = order[several[order]] if several.any() else order
    n = min(EACH, len(order))
    middle = max(0, (len(order) - n) // 2)
    lot = np.random.default_rng(seed).permutation(len(known))[:n]
    kinds = {
        "worst": order[:n].tolist(),
        "median": order[middle : middle + n].tolist(),
        "random": known[lot].tolist(),
        "best": full[::-1][:n].tolist(),
    }
    shown, examples = [], []
    for kind, places in kinds.items():
        for place in places:
            shown.append(_seen(segmenter, prepared, examined, place))
            name = str(prepared.pictures.collection.names[int(examined.rows[place])])
            accuracy = each[place].pixel_accuracy
            examples.append({"kind": kind, "name": name, "iou": float(merits[place]), "accuracy": accuracy})
    return shown, examples


def _seen(segmenter: Segmenter, prepared: PreparedMaps, examined: Examined, place: int) -> NDArray[np.uint8]:
    row = int(examined.rows[place])
    truth, said = prepared.original(row), examined.answers[place]
    picture = _resized(read_full(prepared.source.paths[row]), truth.shape)
    times = min(1.0, LONG_PX / max(truth.shape))
    size = (max(1, round(truth.shape[0] * times)), max(1, round(truth.shape[1] * times)))
    small = _resized(picture, size)
    y, x = (np.floor((np.arange(n) + 0.5) / n * whole).astype(int) for n, whole in zip(size, truth.shape, strict=True))
    truth, said = truth[y][:, x], said[y][:, x]
    return np.stack(
        [
            small,
            maps.overlay(small, truth, segmenter.colours),
            maps.overlay(small, said, segmenter.colours),
            maps.mistakes(small, truth, said),
        ]
    )


def _resized(picture: NDArray[np.uint8], size: Sequence[int]) -> NDArray[np.uint8]:
    if picture.shape[:2] == tuple(size):
        return picture
    return np.asarray(Image.fromarray(picture).resize((size[1], size[0]), Image.Resampling.BILINEAR))
