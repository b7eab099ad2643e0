"""Batches of pictures with marked objects, as a function of (seed, step)."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..geometry.objects import CROWD, NOTHING, Targets
from .annotations import KEYPOINTS, MASKS, Objects
from .batches import Batch, spread
from .object_augment import ObjectAugment
from .object_masks import ObjectMasks
from .prepared_objects import PreparedObjects
from .randomness import permutation
from .view import View, whole

PROPOSALS = "proposals"
HOLDS = (MASKS, KEYPOINTS, PROPOSALS)
REMAINS = 0.3  # share of an object's box that must stay in view for it to be asked for
PART_BATCH = 16  # pictures a batch when a part is only looked at: with masks, 500 would not fit

Pixels = NDArray[np.float64]
Proposals = Mapping[str, Pixels] | Sequence[Pixels] | Pixels


class ObjectBatches:
    """What a detector learns from: shuffled, augmented training batches, and parts to look at.

    A batch is images uint8 (B, 3, H, W), labels int64 (B, N), boxes float32 (B, N, 4) and, as `holds` says in this
    order, masks uint8 (B, N, H, W), keypoints float32 (B, N, K, 3), proposals float32 (B, P, 4); all in pixels of the
    frame. Rows that only fill up have the label NOTHING; crowds have CROWD. So has an object of which an augmentation
    leaves less than REMAINS in view: to teach its rest as background would be wrong, and to ask for it unfair. What is
    out of view altogether goes. An object of which only the box is marked has an empty mask.

    proposals: regions in pixels of the frame, (P, 4) for each picture, by its name or its row.
    """

    def __init__(
        self,
        prepared: PreparedObjects,
        batch: int,
        seed: int,
        augment: ObjectAugment | None = None,
        holds: Sequence[str] = (),
        proposals: Proposals | None = None,
    ) -> None:
        _check(prepared, batch, holds, proposals)
        self.prepared, self.seed, self.augment = prepared, seed, augment or ObjectAugment()
        self.holds = tuple(name for name in HOLDS if name in holds or (name == PROPOSALS and proposals is not None))
        self.proposals = proposals
        self.n = len(prepared.split.train)
        self.batch_size = min(batch, self.n)
        self.steps_per_epoch = self.n // self.batch_size  # the rest of an epoch, below one batch, waits for the next
        self._masks = ObjectMasks(prepared.objects, prepared.frame.height, prepared.frame.width)

    def __deepcopy__(self, memo: dict[int, Any]) -> "ObjectBatches":
        return self

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Endless training batches from step `start`."""
        return map(self.batch, count(start))

    def batch(self, step: int) -> Batch:
        """The training batch of one step."""
        epoch, rows = self._rows(step)
        numbers, (_, height, width) = self.prepared.pictures.numbers_of(rows), self.prepared.image
        views = self.augment.views(self.seed, epoch, numbers, height, width)
        images, *marks = self._made(rows, views)
        return self.augment.recolour(images, self.seed, epoch, numbers), *marks

    def sources(self, step: int) -> list[str]:
        """Names of the pictures in the batch of one step, in its order."""
        return [self.prepared.pictures.collection.names[row] for row in self._rows(step)[1]]

    def part(self, name: str, limit: int | None = None) -> Iterator[Batch]:
        """One pass over a part, unaugmented; at most `limit` pictures, spread evenly over it."""
        rows, (_, height, width) = self.part_rows(name, limit), self.prepared.image
        for first in range(0, len(rows), PART_BATCH):
            some = rows[first : first + PART_BATCH]
            yield self._made(some, [whole(height, width)] * len(some))

    def part_rows(self, name: str, limit: int | None = None) -> NDArray[np.int64]:
        """Rows of the pictures that `part` goes through, in its order."""
        return spread(self.prepared.rows(name), limit)

    def names(self, name: str, limit: int | None = None) -> list[str]:
        """Names of the pictures of a part, in the order of `part`."""
        return [self.prepared.pictures.collection.names[row] for row in self.part_rows(name, limit)]

    def part_steps(self, name: str) -> int:
        """Batches in one pass over a part."""
        return -(-len(self.prepared.rows(name)) // PART_BATCH)

    def targets(self, batch: Batch) -> Targets:
        """What is marked in a batch, with names."""
        _, labels, boxes, *more = batch
        return Targets(labels, boxes, **dict(zip(self.holds, more, strict=True)))

    def _rows(self, step: int) -> tuple[int, NDArray[np.int64]]:
        """The epoch of a step, and the rows (B,) in its batch."""
        epoch, place = divmod(step, self.steps_per_epoch)
        order = permutation(self.seed, epoch, self.n)[place * self.batch_size : (place + 1) * self.batch_size]
        return epoch, self.prepared.split.train[order]

    def _made(self, rows: NDArray[np.int64], views: Sequence[View]) -> Batch:
        images = self.prepared.pictures.images(rows)
        if not all(view.plain for view in views):
            images = torch.stack([view.picture(image) for view, image in zip(views, images, strict=True)])
        seen = [_seen(self.prepared.objects[row], view) for row, view in zip(rows.tolist(), views, strict=True)]
        most = max(1, *(len(kept) for kept, _, _ in seen))
        labels = torch.full((len(rows), most), NOTHING)
        boxes = torch.zeros(len(rows), most, 4)
        for i, (kept, own_labels, own_boxes) in enumerate(seen):
            labels[i, : len(kept)] = torch.from_numpy(own_labels)
            boxes[i, : len(kept)] = torch.from_numpy(own_boxes).float()
        kept_rows = [kept for kept, _, _ in seen]
        makers = {MASKS: self._made_masks, KEYPOINTS: self._made_keypoints, PROPOSALS: self._made_proposals}
        return images, labels, boxes, *(makers[name](rows, views, kept_rows, most) for name in self.holds)

    def _made_masks(
        self, rows: NDArray[np.int64], views: Sequence[View], kept: Sequence[NDArray[np.int64]], most: int
    ) -> Tensor:
        _, height, width = self.prepared.image
        masks = torch.zeros(len(rows), most, height, width, dtype=torch.uint8)
        for i, (row, view, own) in enumerate(zip(rows.tolist(), views, kept, strict=True)):
            if len(own):
                masks[i, : len(own)] = view.classes(self._masks.of(row)[torch.from_numpy(own)])
        return masks

    def _made_keypoints(
        self, rows: NDArray[np.int64], views: Sequence[View], kept: Sequence[NDArray[np.int64]], most: int
    ) -> Tensor:
        made = torch.zeros(len(rows), most, len(self.prepared.keypoint_names), 3)
        for i, (row, view, own) in enumerate(zip(rows.tolist(), views, kept, strict=True)):
            keypoints = self.prepared.objects[row].keypoints
            if keypoints is not None and len(own):
                made[i, : len(own)] = torch.from_numpy(view.keypoints(keypoints[own], self.prepared.mirrored)).float()
        return made

    def _made_proposals(
        self, rows: NDArray[np.int64], views: Sequence[View], kept: Sequence[NDArray[np.int64]], most: int
    ) -> Tensor:
        seen = [_regions(self._proposed(row), view) for row, view in zip(rows.tolist(), views, strict=True)]
        made = torch.zeros(len(rows), max(1, *(len(own) for own in seen)), 4)
        for i, own in enumerate(seen):
            made[i, : len(own)] = torch.from_numpy(own).float()
        return made

    def _proposed(self, row: int) -> Pixels:
        assert self.proposals is not None
        if isinstance(self.proposals, Mapping):
            return np.asarray(self.proposals[self.prepared.pictures.collection.names[row]], dtype=np.float64)
        return np.asarray(self.proposals[row], dtype=np.float64)


def _seen(objects: Objects, view: View) -> tuple[NDArray[np.int64], NDArray[np.int64], Pixels]:
    """What is in view: numbers (N,) of the objects, labels (N,), boxes (N, 4) clipped to the frame."""
    moved = view.boxes(objects.boxes)
    clipped = _clipped(moved, view)
    there = np.flatnonzero(_area(clipped) > 0)
    remains = _area(clipped[there]) / _area(moved[there])
    labels = np.where(objects.crowd[there] | (remains < REMAINS), CROWD, objects.labels[there])
    return there, labels, clipped[there]


def _regions(proposals: Pixels, view: View) -> Pixels:
    """Regions (P, 4) as seen, those that are out of view left out."""
    clipped = _clipped(view.boxes(proposals.reshape(-1, 4)), view)
    return clipped[_area(clipped) > 0]


def _clipped(boxes: Pixels, view: View) -> Pixels:
    return boxes.clip(0, [view.width, view.height, view.width, view.height])


def _area(boxes: Pixels) -> Pixels:
    sides = (boxes[:, 2:] - boxes[:, :2]).clip(min=0)
    return np.asarray(sides[:, 0] * sides[:, 1], dtype=np.float64)


def _check(prepared: PreparedObjects, batch: int, holds: Sequence[str], proposals: Proposals | None) -> None:
    if batch < 1:
        raise ValueError(f"batch must be at least 1 picture; got {batch}")
    if unknown := set(holds) - set(HOLDS):
        raise ValueError(f"a batch may hold {', '.join(HOLDS)}; got '{min(unknown)}'")
    if MASKS in holds and not any(outline is not None for one in prepared.objects for outline in one.outlines):
        raise ValueError(
            f"{prepared.origin} marks objects by boxes alone, so there are no masks to learn; "
            "choose a detector of boxes, such as model=faster_rcnn"
        )
    if KEYPOINTS in holds and not prepared.keypoint_names:
        raise ValueError(
            f"{prepared.origin} marks no keypoints; choose a detector of boxes or masks, such as model=faster_rcnn"
        )
    if PROPOSALS in holds and proposals is None:
        raise ValueError("a batch that holds proposals needs them; make them first, for example by selective search")
