"""Label maps without a network: the commonest class, what usually lies at each place, and a forest of single pixels."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ....data.label_maps import IGNORE
from ....data.prepared_maps import PreparedMaps
from ....metrics.segmentation import confusion_of_maps, scores_of

AT_ONCE = 32  # pictures
NEAR = (5, 17)  # pixels: sides of the squares around a pixel whose mean colour is looked at
MOST_LEARNED, MOST_LOOKED_AT = 60, 40  # pictures for the forest: a strong simple method need not be tried at length
EACH = 500  # pixels of a picture to learn from
STRIDE = 4  # of the validation pictures every fourth pixel of every fourth line: thousands of each all the same
TREES, DEPTH, LEAF = 30, 18, 3

Maps = NDArray[np.uint8]


def commonest(prepared: PreparedMaps) -> float:
    """Mean IoU on the validation part of the class that covers most of the training pictures, everywhere."""
    best = int(prepared.shares("train").argmax())
    return _mean_iou(prepared, ((maps, np.full_like(maps, best)) for maps in _maps(prepared, "validation")))


def usual_places(prepared: PreparedMaps) -> float:
    """Mean IoU on the validation part of the class that is most frequent at each place of the training pictures."""
    usual = usual_map(prepared)
    return _mean_iou(prepared, ((maps, np.broadcast_to(usual, maps.shape)) for maps in _maps(prepared, "validation")))


def usual_map(prepared: PreparedMaps) -> Maps:
    """The most frequent class at each place of the training pictures, uint8 (H, W)."""
    seen = np.zeros((prepared.n_classes, *prepared.image[1:]), dtype=np.int64)
    for maps in _maps(prepared, "train"):
        for label in range(prepared.n_classes):
            seen[label] += (maps == label).sum(0)
    return seen.argmax(0).astype(np.uint8)


def forest(prepared: PreparedMaps, seed: int = 0) -> float:
    """Mean IoU on pixels of the validation part of a random forest that sees a pixel's surroundings and its place.

    Source: Shotton et al., 2008 (semantic texton forests), with plainer features.
    """
    from sklearn.ensemble import RandomForestClassifier

    some, dice = prepared.limited(MOST_LEARNED, MOST_LOOKED_AT), np.random.default_rng(seed)
    rows, labels = zip(*_sampled(some, dice), strict=True)
    model: Any = RandomForestClassifier(
        TREES, max_depth=DEPTH, min_samples_leaf=LEAF, class_weight="balanced_subsample", random_state=seed
    )
    model.fit(np.concatenate(rows), np.concatenate(labels))
    return _mean_iou(some, _told(some, model))


def described(images: Tensor) -> NDArray[np.float32]:
    """What is seen of each pixel of uint8 (B, 3, H, W): float32 (B, H, W, F)."""
    colours = images.float() / 255
    means = [avg_pool2d(colours, side, 1, side // 2, count_include_pad=False) for side in NEAR]
    spread = (colours - means[0]).abs().mean(1, keepdim=True)
    busy = avg_pool2d(spread, NEAR[1], 1, NEAR[1] // 2, count_include_pad=False)
    n, _, h, w = colours.shape
    y, x = torch.meshgrid(torch.linspace(0, 1, h), torch.linspace(0, 1, w), indexing="ij")
    place = torch.stack([y, x]).expand(n, 2, h, w)
    seen: NDArray[np.float32] = torch.cat([colours, *means, spread, busy, place], 1).permute(0, 2, 3, 1).numpy()
    return seen


def _sampled(prepared: PreparedMaps, dice: np.random.Generator) -> Iterator[tuple[Any, Any]]:
    """Pixels of the training pictures by lot, described, with their classes."""
    for row in prepared.rows("train"):
        one = np.array([row])
        labels = prepared.maps(one).numpy().ravel()
        chosen = dice.permutation(np.flatnonzero(labels != IGNORE))[:EACH]
        seen = described(prepared.pictures.images(one))
        yield seen.reshape(-1, seen.shape[-1])[chosen], labels[chosen]


def _told(prepared: PreparedMaps, model: Any) -> Iterator[tuple[Maps, Maps]]:
    """True and painted classes of pixels of the validation pictures."""
    for row in prepared.rows("validation"):
        one = np.array([row])
        seen = described(prepared.pictures.images(one))[:, ::STRIDE, ::STRIDE]
        truth = prepared.maps(one).numpy()[:, ::STRIDE, ::STRIDE]
        yield truth, model.predict(seen.reshape(-1, seen.shape[-1])).reshape(truth.shape)


def _maps(prepared: PreparedMaps, part: str) -> Iterator[Maps]:
    rows = prepared.rows(part)
    for first in range(0, len(rows), AT_ONCE):
        yield prepared.maps(rows[first : first + AT_ONCE]).numpy()


def _mean_iou(prepared: PreparedMaps, pairs: Iterator[tuple[Maps, Maps]]) -> float:
    """Of true and painted classes; 0 where no pixel counts."""
    counts = sum(
        (confusion_of_maps(truth, painted, prepared.n_classes) for truth, painted in pairs),
        np.zeros((prepared.n_classes, prepared.n_classes), dtype=np.int64),
    )
    value = scores_of(counts).mean_iou
    return value if np.isfinite(value) else 0.0
