"""Detection before networks: a linear classifier on gradients and colours of windows at all places and usual sizes.

Source: Dalal and Triggs, 2005, with integral images of orientations (Porikli, 2005), a multi-class softmax in place of
support vectors, and one round of hard negatives.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....data.annotations import Objects
from ....geometry.boxes import iou
from ....geometry.nms import batched_nms
from ....geometry.objects import Detections

SHAPES = 6  # usual sizes of objects, a window each
STEP = 0.25  # of a window's side, between two windows: some window covers any object of its size by more than half
MOST = 3_000  # windows a picture; beyond, they are set further apart
CELLS = 6  # a window is described by 6 x 6 cells
ORIENTATIONS = 6
OBJECT, BACKGROUND = 0.6, 0.3  # windows that cover an object so much are it; those that cover none so much are nothing
EACH = 40  # windows of a picture that are nothing, to learn from, and as many more that were taken for something
LEAST, NEIGHBOURS, BEST = 0.05, 0.3, 100  # score, overlap and number of what is told of a picture
MOST_SURE = 500  # windows that are looked at again, for neighbours

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Windows:
    """A fitted classifier of windows (N, 4) at fixed places of a frame; class K is nothing."""

    boxes: Tensor
    model: Any
    n_classes: int

    def find(self, image: Tensor) -> Detections:
        """What is in a picture uint8 (3, H, W)."""
        chances = np.zeros((len(self.boxes), self.n_classes + 1), dtype=np.float32)
        chances[:, self.model.classes_] = self.model.predict_proba(described(image, self.boxes.numpy()))
        sure, label = torch.from_numpy(chances[:, :-1]).max(1)
        some = sure.argsort(descending=True)[:MOST_SURE]
        some = some[sure[some] > LEAST]
        boxes, scores, labels = self.boxes[some], sure[some], label[some]
        kept = batched_nms(boxes, scores, labels, NEIGHBOURS)[:BEST]
        return Detections(boxes[kept], scores[kept], labels[kept])


def fit(images: Tensor, marked: Sequence[Objects], n_classes: int, seed: int = 0) -> Windows:
    """Learn from pictures uint8 (B, 3, H, W) and what is marked in them. Raises ValueError if nothing is."""
    from sklearn.linear_model import LogisticRegression

    dice = np.random.default_rng(seed)
    boxes = torch.from_numpy(grid(usual_sizes(_sizes(marked, n_classes, dice)), *images.shape[-2:]))
    rows, labels = (list(part) for part in zip(*_examples(images, marked, boxes, n_classes, dice), strict=True))
    model: Any = LogisticRegression(class_weight="balanced", max_iter=60, tol=1e-2)
    model.fit(np.concatenate(rows), np.concatenate(labels))
    first = Windows(boxes, model, n_classes)
    for image, one in zip(images, marked, strict=True):
        rows.append(_taken_for_something(first, image, one))
        labels.append(np.full(len(rows[-1]), n_classes))
    model.fit(np.concatenate(rows), np.concatenate(labels))
    return first


def _sizes(marked: Sequence[Objects], n_classes: int, dice: np.random.Generator) -> NDArray[np.float64]:
    """Widths and heights (N, 2) of objects by lot, as many of a rare class as of a frequent one."""
    boxes, labels = (np.concatenate([getattr(one, what)[~one.crowd] for one in marked]) for what in ("boxes", "labels"))
    if not len(boxes):
        raise ValueError("no object is marked in the training pictures, so there is nothing to learn to find")
    rows = [dice.permutation(np.flatnonzero(labels == label))[:EACH] for label in range(n_classes)]
    some = boxes[np.concatenate(rows)]
    return some[:, 2:] - some[:, :2]


def usual_sizes(sizes: NDArray[np.float64], k: int = SHAPES) -> NDArray[np.float64]:
    """k widths and heights (k, 2) that sizes (N, 2) gather around: k-means of their logarithms."""
    logs = np.log(np.maximum(sizes, 1.0))
    k = min(k, len(logs))
    centres = logs[np.argsort(logs.sum(1), kind="stable")[np.linspace(0, len(logs) - 1, k).round().astype(int)]]
    for _ in range(10):
        nearest = ((logs[:, None] - centres) ** 2).sum(2).argmin(1)
        centres = np.stack([logs[nearest == i].mean(0) if (nearest == i).any() else centres[i] for i in range(k)])
    return np.exp(centres)


def grid(sizes: NDArray[np.float64], height: int, width: int) -> Floats:
    """Windows of all sizes (k, 2) all over a frame, float32 (N, 4), about `MOST` at most."""
    sizes = np.minimum(sizes, [width, height])
    free = np.maximum([width, height] - sizes, 0)
    step = STEP * np.sqrt(max(1.0, np.prod(free / (STEP * sizes) + 1, axis=1).sum() / MOST))
    found = []
    for (w, h), (across, down) in zip(sizes, free, strict=True):
        x = np.linspace(0, across, 1 + int(across / (step * w)))
        y = np.linspace(0, down, 1 + int(down / (step * h)))
        left, top = (place.ravel() for place in np.meshgrid(x, y))
        found.append(np.stack([left, top, left + w, top + h], 1))
    return np.concatenate(found).astype(np.float32)


def described(image: Tensor, boxes: Floats) -> Floats:
    """Gradients by orientation and colours in the cells of windows (N, 4) of uint8 (3, H, W) -> float32 (N, F)."""
    colours = image.numpy().astype(np.float32) / 255
    down, across = np.gradient(colours.mean(0))
    bins = ((np.arctan2(down, across) / np.pi) % 1 * ORIENTATIONS).astype(int) % ORIENTATIONS
    edges = np.hypot(down, across) * (bins == np.arange(ORIENTATIONS)[:, None, None])
    planes = np.concatenate([edges, colours]).transpose(1, 2, 0)  # (H, W, C): what is read together lies together
    sums = np.pad(planes.cumsum(0, dtype=np.float64).cumsum(1), ((1, 0), (1, 0), (0, 0)))
    share = np.linspace(0, 1, CELLS + 1)
    x, y = (
        np.clip(np.rint(boxes[:, [i]] + share * (boxes[:, [i + 2]] - boxes[:, [i]])), 0, side).astype(int)
        for i, side in ((0, image.shape[2]), (1, image.shape[1]))
    )
    place = y[:, :, None] * sums.shape[1] + x[:, None, :]
    corners = sums.reshape(-1, sums.shape[2]).take(place, axis=0)  # (N, CELLS + 1, CELLS + 1, C)
    cells = np.diff(np.diff(corners, axis=1), axis=2)
    area = np.diff(y)[:, :, None] * np.diff(x)[:, None, :]
    means = (cells / np.maximum(area, 1)[..., None]).astype(np.float32)
    gradients = means[..., :ORIENTATIONS].reshape(len(boxes), -1)
    gradients /= np.linalg.norm(gradients, axis=1, keepdims=True) + 0.1  # contrast says little of what a thing is
    return np.concatenate([3 * gradients, means[..., ORIENTATIONS:].reshape(len(boxes), -1)], 1)


def _examples(
    images: Tensor, marked: Sequence[Objects], boxes: Tensor, n_classes: int, dice: np.random.Generator
) -> Iterator[tuple[Floats, NDArray[np.int64]]]:
    """Of each picture its objects and windows that are nothing, described, with their classes."""
    for image, one in zip(images, marked, strict=True):
        real = torch.from_numpy(one.boxes[~one.crowd]).float()
        overlap = iou(boxes, torch.from_numpy(one.boxes).float())
        nothing = np.flatnonzero((overlap < BACKGROUND).all(1).numpy())
        nothing = dice.permutation(nothing)[:EACH]
        near = iou(boxes, real)
        best, which = near.max(1) if len(real) else (torch.zeros(len(boxes)), torch.zeros(len(boxes), dtype=torch.long))
        good = np.flatnonzero((best > OBJECT).numpy())
        labels = one.labels[~one.crowd]
        chosen = np.concatenate([boxes[nothing].numpy(), boxes[good].numpy(), real.numpy()])
        yield (
            described(image, chosen),
            np.concatenate([np.full(len(nothing), n_classes), labels[which.numpy()[good]], labels]).astype(np.int64),
        )


def _taken_for_something(found: Windows, image: Tensor, one: Objects) -> Floats:
    """The windows of a training picture that are nothing and were most surely taken for something, described."""
    told = found.find(image)
    empty = (iou(told.boxes, torch.from_numpy(one.boxes).float()) < BACKGROUND).all(1)
    return described(image, told.boxes[empty][:EACH].numpy())
