"""Pictures with marked objects, ready to be learned from: opened, looked at, split, marks in pixels of one frame."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry.masks import rle_decode, rle_encode
from . import prepare as looking
from .annotations import Annotations, Objects, Outline, Rle
from .audit._gather import Gathered, gather
from .batches import Prepared
from .decode import Frame
from .named import cache
from .open_annotations import open_annotations
from .split import PARTS, Split
from .strata import divide, pictures_of

LARGEST_PX = 640  # long side of the frame unless asked otherwise: COCO's pictures as they are
MULTIPLE = 32  # pixels: the stride of the coarsest map of most trunks, so that every map's border is the picture's
FRAMINGS = ("pad", "stretch")  # a crop would cut objects off
FEWEST = 6  # pictures: two of each stratum for each part

Pixels = NDArray[np.float64]


@dataclass(frozen=True)
class PreparedObjects:
    """Pictures, all of one size, and what is marked in them.

    pictures: decoded or to be decoded, in three parts; its labels are strata that the split kept alike, nothing to be
    told. objects: of each row, in pixels of the frame, boxes clipped to it. sizes: (N, 2), height and width of the
    files as shown. annotations: the same rows as they were read, in pixels of the files. kind: the most that is marked:
    boxes, masks or keypoints. problems: what was left out.
    """

    pictures: Prepared
    objects: Sequence[Objects] = field(repr=False)
    sizes: NDArray[np.int64] = field(repr=False)
    annotations: Annotations = field(repr=False)
    kind: str
    problems: Sequence[str] = field(default=())

    def __deepcopy__(self, memo: dict[int, Any]) -> "PreparedObjects":
        return self  # examinations copy tasks; what is never changed is shared

    @property
    def origin(self) -> str:
        """Where it came from: a path, or the name of a set."""
        return self.annotations.origin

    @property
    def classes(self) -> Sequence[str]:
        return self.annotations.classes

    @property
    def n_classes(self) -> int:
        return len(self.classes)

    @property
    def keypoint_names(self) -> Sequence[str]:
        return self.annotations.keypoint_names

    @property
    def skeleton(self) -> Sequence[tuple[int, int]]:
        return self.annotations.skeleton

    @property
    def mirrored(self) -> Sequence[int]:
        """For each keypoint the one it becomes when the picture is mirrored."""
        return self.annotations.mirrored

    @property
    def split(self) -> Split:
        """Rows of the three parts; `hash` is made of what the pictures show."""
        return self.pictures.split

    @property
    def image(self) -> tuple[int, int, int]:
        return self.pictures.image

    @property
    def frame(self) -> Frame:
        return self.pictures.frame

    def rows(self, part: str) -> NDArray[np.int64]:
        """Rows of the pictures of 'train', 'validation' or 'test'."""
        return self.pictures.rows(part)

    def names(self, part: str) -> list[str]:
        """The names of the pictures of a part, in its order."""
        return [self.pictures.collection.names[row] for row in self.rows(part)]

    def limited(self, train: int | None = None, validation: int | None = None) -> "PreparedObjects":
        """The same with at most so many training and validation pictures, spread evenly over each part."""
        return replace(self, pictures=self.pictures.limited(train, validation))

    def without_test(self) -> "PreparedObjects":
        """The same without its test pictures: neither these nor their marks are in what comes back."""
        rows = np.sort(np.concatenate([self.split.train, self.split.validation]))
        return replace(
            self,
            pictures=self.pictures.without_test(),
            objects=[self.objects[row] for row in rows.tolist()],
            sizes=self.sizes[rows],
            annotations=self.annotations.subset(rows),
        )

    def largest(self) -> "PreparedObjects":
        """The same with the largest object of each picture alone; crowds, which are no object, go too."""
        marked = replace(self.annotations, objects=[_largest(one) for one in self.annotations.objects])
        return replace(self, objects=[_largest(one) for one in self.objects], annotations=marked)

    def to_original(self, row: int) -> tuple[float, float, float, float]:
        """scale_x, scale_y, offset_x, offset_y: x in the file = x in the frame * scale_x + offset_x, y alike."""
        scale_x, scale_y, left, top = self.frame.placed(*self.sizes[row].tolist())
        return 1 / scale_x, 1 / scale_y, -left / scale_x, -top / scale_y

    def facts(self) -> dict[str, Any]:
        """Figures of the data, by part: pictures, objects, crowds, bare pictures, objects of each class."""
        found: dict[str, Any] = {"kind": self.kind, "classes": list(self.classes), "size": list(self.image[1:])}
        for part in PARTS:
            own = [self.objects[row] for row in self.rows(part).tolist()]
            labels = np.concatenate([one.labels[~one.crowd] for one in own]) if own else np.empty(0, dtype=np.int64)
            found[part] = {
                "pictures": len(own),
                "objects": len(labels),
                "crowds": int(sum(one.crowd.sum() for one in own)),
                "bare": sum(not (~one.crowd).any() for one in own),
                "of_class": np.bincount(labels, minlength=self.n_classes).tolist(),
            }
        return found


def prepare_objects(
    source: str | Path | Annotations, size: int = 0, framing: str = "pad", seed: int = 0, memory_gib: float = 2.0
) -> PreparedObjects:
    """Open, look at every picture, leave out the unreadable, split by picture, bring marks into the frame.

    size: the frame's long side in pixels; 0: the pictures' own median, at most LARGEST_PX. The frame has the median
    proportions of the pictures; its sides are rounded to multiples of 32. framing: 'pad' or 'stretch'. A split that
    the set states is kept; else near-duplicate pictures stay on one side. Raises as `open_annotations` does, and
    ValueError for too few pictures.
    """
    found = source if isinstance(source, Annotations) else open_annotations(source)
    frame = choose_frame(found.sizes, size, framing)
    gathered, division = _look_and_divide(found, frame, seed, memory_gib)
    pictures = looking.finish(gathered, frame, division)
    seen = [one for one in gathered.evidence.observations if not one.error]
    unreadable = [one.error for one in gathered.evidence.observations if one.error]
    rows = np.array([i for i, one in enumerate(gathered.evidence.observations) if not one.error], dtype=np.int64)
    kept = found.subset(rows)
    sizes = np.array([(one.height, one.width) for one in seen], dtype=np.int64)
    objects = [in_frame(own, frame, *size) for own, size in zip(kept.objects, sizes.tolist(), strict=True)]
    return PreparedObjects(pictures, objects, sizes, kept, found.kind, [*found.problems, *unreadable])


def choose_frame(sizes: NDArray[np.int64], size: int = 0, framing: str = "pad") -> Frame:
    """The frame for pictures of these heights and widths (N, 2), see `prepare_objects`."""
    if framing not in FRAMINGS:
        raise ValueError(f"framing is one of {', '.join(FRAMINGS)} for marked objects; got '{framing}'")
    if size < 0:
        raise ValueError(f"size is the frame's long side in pixels, or 0 for the pictures' own; got {size}")
    if not len(sizes):
        raise ValueError("there are no pictures to choose a frame for; check the path")
    wide = float(np.median(sizes[:, 1] / sizes[:, 0]))
    long = size or min(LARGEST_PX, float(np.median(sizes.max(1))))
    height, width = (long / wide, long) if wide >= 1 else (long, long * wide)
    rounded = [max(MULTIPLE, MULTIPLE * round(side / MULTIPLE)) for side in (height, width)]
    return Frame(rounded[0], rounded[1], framing)


def in_frame(objects: Objects, frame: Frame, height: int, width: int) -> Objects:
    """What is marked in a picture of height x width pixels, in pixels of the frame; what is outside it goes."""
    scale_x, scale_y, left, top = frame.placed(height, width)
    scale, offset = np.array([scale_x, scale_y]), np.array([left, top])
    most = [frame.width, frame.height]
    ends = (objects.boxes.reshape(-1, 2, 2) * scale + offset).clip(0, most)
    kept = np.flatnonzero((ends[:, 1] > ends[:, 0]).all(1))
    keypoints = None
    if objects.keypoints is not None:
        keypoints = objects.keypoints[kept].copy()
        marked = keypoints[..., 2] > 0
        keypoints[..., :2] = np.where(marked[..., None], keypoints[..., :2] * scale + offset, 0)
    return Objects(
        boxes=ends[kept].reshape(-1, 4),
        labels=objects.labels[kept],
        crowd=objects.crowd[kept],
        outlines=[_outline(objects.outlines[i], frame, scale, offset) for i in kept.tolist()],
        keypoints=keypoints,
        facts=[objects.facts[i] for i in kept.tolist()] if objects.facts else (),
    )


def _largest(objects: Objects) -> Objects:
    sides = objects.boxes[:, 2:] - objects.boxes[:, :2]
    sizes = np.where(objects.crowd, -1, sides.prod(1))
    row = [int(sizes.argmax())] if (sizes >= 0).any() else []
    return Objects(
        boxes=objects.boxes[row],
        labels=objects.labels[row],
        crowd=objects.crowd[row],
        outlines=[objects.outlines[i] for i in row],
        keypoints=None if objects.keypoints is None else objects.keypoints[row],
        facts=[objects.facts[i] for i in row] if objects.facts else (),
    )


def _outline(outline: Outline | None, frame: Frame, scale: Pixels, offset: Pixels) -> Outline | None:
    if outline is None:
        return None
    if not isinstance(outline, Rle):
        return [(np.reshape(ring, (-1, 2)) * scale + offset).ravel().tolist() for ring in outline]
    mask = np.asarray(rle_decode(outline.counts, outline.height, outline.width)).astype(bool)
    x = np.floor((np.arange(frame.width) + 0.5 - offset[0]) / scale[0]).astype(np.int64)
    y = np.floor((np.arange(frame.height) + 0.5 - offset[1]) / scale[1]).astype(np.int64)
    there = ((y >= 0) & (y < outline.height))[:, None] & ((x >= 0) & (x < outline.width))
    seen = mask[y.clip(0, outline.height - 1)][:, x.clip(0, outline.width - 1)] & there
    return Rle(frame.height, frame.width, [int(run) for run in rle_encode(seen)])


# ---- splitting: by what is in the pictures


def _look_and_divide(found: Annotations, frame: Frame, seed: int, memory_gib: float) -> tuple[Gathered, Split]:
    pictures = pictures_of(found)
    gathered = gather(pictures, frame if looking.fits(pictures, frame, memory_gib) else None, cache=cache())
    n_there = sum(not seen.error for seen in gathered.evidence.observations)
    if n_there < FEWEST:
        raise ValueError(
            f"{found.origin} has {n_there} pictures that can be read; at least {FEWEST} are needed for a training, a "
            "validation and a test part"
        )
    counts = [np.bincount(one.labels[~one.crowd], minlength=len(found.classes)) for one in found.objects]
    return divide(found, gathered, np.array(counts, dtype=np.int64), seed)
