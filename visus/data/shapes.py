"""Drawn pictures of discs, squares and triangles, marked in every way: to try detectors and segmenters on at once.

Shapes of any colour and size lie on a textured ground and partly hide each other. Picture k of a seed is always the
same, however many are drawn. The files are written into the cache; nothing is downloaded.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..geometry.masks import rle_encode
from .annotations import BOXES, KEYPOINTS, MASKS, Annotations, Objects, Outline, Rle
from .label_maps import IGNORE, LabelMaps
from .named import cache

NAMES = ("shapes", "shapes-boxes", "shapes-keypoints")  # marked by outlines, by boxes alone, by outlines and corners
MAPS = "shapes-maps"
MARKED = dict(zip(NAMES, (MASKS, BOXES, KEYPOINTS)))

CLASSES = ("disc", "square", "triangle")
GROUND = "ground"
COLOURS = ((70, 70, 70), (230, 159, 0), (86, 180, 233), (0, 158, 115))  # ground and classes (Okabe and Ito, 2008)
CORNERS = ("tip", "left", "right")  # of a triangle, left and right as it stands on its base
SKELETON = ((0, 1), (0, 2), (1, 2))
MIRRORED = (0, 2, 1)

N_PICTURES, HEIGHT, WIDTH = 400, 96, 128
MOST = 6  # shapes in a picture
BARE = 0.06  # share of pictures without any: what is not there must not be found
SMALLEST, LARGEST = 0.10, 0.28  # half a shape's side in short sides of the picture
SEEN = 0.5  # share of a shape that stays visible at least
TRIES = 12  # places tried for a shape before it is left out
LEAN = 0.6  # radians a shape is turned at most: a triangle's tip stays up, so left and right can be seen
CONTRAST = 60  # grey levels by which each colour of a picture differs from every other, at least in one channel
VERSION = 2  # of the drawing; part of the cache's path

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]


@dataclass(frozen=True)
class _Shape:
    label: int
    corners: Points  # (n, 2) x, y, clockwise as seen; of a disc, 32 points of its rim
    hidden_by_nothing: Mask  # (H, W), as if it lay on top
    edge: Points  # (H, W), how much of each pixel it covers
    whole: bool  # it lies in the picture altogether


def shapes(
    n: int = N_PICTURES,
    height: int = HEIGHT,
    width: int = WIDTH,
    seed: int = 0,
    marked: str = MASKS,
    folder: Path | None = None,
) -> Annotations:
    """n pictures of height x width pixels with their objects marked: 'boxes', 'masks' or 'keypoints' (and masks).

    What is wholly seen is outlined by a polygon, the rest by the run lengths of its visible pixels. Keypoints are the
    corners of triangles; discs and squares have none. folder: where the files go; None: the cache.
    Raises ValueError for pictures below 16 pixels or another way to mark.
    """
    if marked not in (BOXES, MASKS, KEYPOINTS):
        raise ValueError(f"shapes are marked by {BOXES}, {MASKS} or {KEYPOINTS}; got '{marked}'")
    folder = _drawn(n, height, width, seed, folder)
    names = [_name(k) for k in range(n)]
    return Annotations(
        origin={kind: name for name, kind in MARKED.items()}[marked],
        paths=[folder / "images" / name for name in names],
        names=names,
        sizes=np.tile(np.array([height, width], dtype=np.int64), (n, 1)),
        objects=[_objects(_scene(k, height, width, seed)[0], k, height, width, marked) for k in range(n)],
        classes=CLASSES,
        keypoint_names=CORNERS if marked == KEYPOINTS else (),
        skeleton=SKELETON if marked == KEYPOINTS else (),
        mirrored=MIRRORED if marked == KEYPOINTS else (),
    )


def shape_maps(
    n: int = N_PICTURES, height: int = HEIGHT, width: int = WIDTH, seed: int = 0, folder: Path | None = None
) -> LabelMaps:
    """The same pictures with a class painted at every pixel: ground 0, disc 1, square 2, triangle 3, rims ignored."""
    folder = _drawn(n, height, width, seed, folder)
    names = [_name(k) for k in range(n)]
    return LabelMaps(
        origin=MAPS,
        paths=[folder / "images" / name for name in names],
        maps=[folder / "maps" / name for name in names],
        names=names,
        classes=(GROUND, *CLASSES),
        colours=COLOURS,
        codes={**{code: code for code in range(1 + len(CLASSES))}, IGNORE: IGNORE},
    )


def _name(number: int) -> str:
    return f"{number:05d}.png"


# ---- the scene: what lies where, the topmost last


def _scene(number: int, height: int, width: int, seed: int) -> tuple[list[tuple[_Shape, Mask]], np.random.Generator]:
    """The shapes of a picture with what is seen of each, and the dice as they lie after that."""
    dice = np.random.default_rng([seed, number])
    bare = dice.random() < BARE
    wanted = 0 if bare else int(dice.integers(1, MOST + 1))
    placed: list[_Shape] = []
    seen: list[Mask] = []
    for _ in range(wanted):
        for _ in range(TRIES):
            new = _shape(dice, height, width)
            left = [mask & ~new.hidden_by_nothing for mask in seen]
            if all(
                rest.sum() >= SEEN * shape.hidden_by_nothing.sum() for rest, shape in zip(left, placed, strict=True)
            ):
                placed.append(new)
                seen = [*left, new.hidden_by_nothing]
                break
    return list(zip(placed, seen, strict=True)), dice


def _shape(dice: np.random.Generator, height: int, width: int) -> _Shape:
    label, short = int(dice.integers(len(CLASSES))), min(height, width)
    half = short * SMALLEST * (LARGEST / SMALLEST) ** dice.random()
    centre = np.array([dice.uniform(0.6 * half, width - 0.6 * half), dice.uniform(0.6 * half, height - 0.6 * half)])
    turn = dice.uniform(-LEAN, LEAN)
    corners = centre + half * _outline(label) @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    y, x = np.arange(0.5, height)[:, None], np.arange(0.5, width)
    round_ = CLASSES[label] == "disc"  # its corners would do, but 32 of them take ten times as long
    distance = np.hypot(x - centre[0], y - centre[1]) - half if round_ else _distance(corners, x, y)
    inside = (corners >= 0).all() and (corners <= [width, height]).all()
    return _Shape(label, corners, distance < 0, np.clip(0.5 - distance, 0, 1), bool(inside))


def _outline(label: int) -> Points:
    """Corners of a shape of half side 1 around 0, (n, 2)."""
    if CLASSES[label] == "square":
        return 0.85 * np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
    if CLASSES[label] == "triangle":
        return np.array([[0.0, -1.15], [0.95, 0.8], [-0.95, 0.8]])  # tip, right, left
    angle = np.arange(32) * 2 * np.pi / 32
    return np.column_stack([np.cos(angle), np.sin(angle)])


def _distance(corners: Points, x: Points, y: Points) -> Points:
    """(H, W): how far places x (W,), y (H, 1) are outside the convex outline; below 0 inside."""
    far = np.full((len(y), len(x)), -np.inf)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        length = np.hypot(x2 - x1, y2 - y1)
        far = np.maximum(far, (y2 - y1) / length * (x - x1) - (x2 - x1) / length * (y - y1))
    return far


# ---- marks


def _objects(scene: Sequence[tuple[_Shape, Mask]], number: int, height: int, width: int, marked: str) -> Objects:
    boxes, labels, outlines, keypoints, facts = [], [], [], [], []
    for place, (shape, seen) in enumerate(scene):
        unhidden = shape.whole and bool(seen.sum() == shape.hidden_by_nothing.sum())
        outline: Outline
        if unhidden:
            outline = [shape.corners.ravel().tolist()]
            boxes.append([*shape.corners.min(0), *shape.corners.max(0)])
        else:
            outline = Rle(height, width, [int(run) for run in rle_encode(seen)])
            rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
            boxes.append([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
        labels.append(shape.label)
        outlines.append(None if marked == BOXES else outline)
        keypoints.append(_keypoints(shape, seen, boxes[-1]))
        facts.append({"id": number * MOST + place + 1, "area": int(seen.sum())})
    return Objects(
        boxes=np.array(boxes, dtype=np.float64).reshape(-1, 4),
        labels=np.array(labels, dtype=np.int64),
        crowd=np.zeros(len(labels), dtype=bool),
        outlines=outlines,
        keypoints=np.array(keypoints, dtype=np.float64).reshape(-1, len(CORNERS), 3) if marked == KEYPOINTS else None,
        facts=facts,
    )


def _keypoints(shape: _Shape, seen: Mask, box: Sequence[float]) -> Points:
    """(3, 3): the corners of a triangle; 2 if its surroundings are seen, 1 if hidden, 0 if it is outside the box."""
    if CLASSES[shape.label] != "triangle":
        return np.zeros((len(CORNERS), 3))
    tip, right, left = shape.corners
    middle, found = shape.corners.mean(0), []
    for corner in (tip, left, right):
        if not (box[0] <= corner[0] < box[2] + 1 and box[1] <= corner[1] < box[3] + 1):
            found.append([0.0, 0.0, 0.0])
            continue
        x, y = (corner + 0.15 * (middle - corner)).astype(int)  # just inside: the corner itself is half a pixel
        there = 0 <= x < seen.shape[1] and 0 <= y < seen.shape[0] and seen[y, x]
        found.append([*corner, 2.0 if there else 1.0])
    return np.array(found)


# ---- painting


def _drawn(n: int, height: int, width: int, seed: int, folder: Path | None) -> Path:
    """The folder with the pictures and label maps, painted if they are not there yet: complete or not at all."""
    if n < 1 or min(height, width) < 16:
        raise ValueError(f"shapes need at least 1 picture of 16 x 16 pixels; got {n} of {height} x {width}")
    folder = folder or cache() / "shapes" / f"v{VERSION}-{n}-{height}x{width}-seed{seed}"
    if (folder / "images" / _name(n - 1)).is_file() and (folder / "maps" / _name(n - 1)).is_file():
        return folder
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    for inner in ("images", "maps"):
        (unfinished / inner).mkdir(parents=True, exist_ok=True)
    for number in range(n):
        picture, painted = _paint(number, height, width, seed)
        Image.fromarray(picture).save(unfinished / "images" / _name(number))
        Image.fromarray(painted).save(unfinished / "maps" / _name(number))
    try:
        unfinished.rename(folder)
    except OSError:  # another process was faster, or the folder is someone's own
        shutil.copytree(unfinished, folder, dirs_exist_ok=True)
        shutil.rmtree(unfinished)
    return folder


def _paint(number: int, height: int, width: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A picture (H, W, 3) and its label map (H, W)."""
    scene, dice = _scene(number, height, width, seed)
    colours = [dice.uniform(40, 215, 3)]
    picture = colours[0] + _texture(dice, height, width)[:, :, None]
    painted = np.zeros((height, width), dtype=np.uint8)
    for shape, _ in scene:
        colours.append(_colour(dice, colours))
        grained = colours[-1] + dice.normal(0, 6, (height, width, 1))
        picture += shape.edge[:, :, None] * (grained - picture)
        painted[shape.edge > 0] = IGNORE  # a pixel that two share is of neither
        painted[shape.edge >= 1] = 1 + shape.label
    picture += dice.normal(0, 5, picture.shape)
    return picture.round().clip(0, 255).astype(np.uint8), painted


def _texture(dice: np.random.Generator, height: int, width: int) -> NDArray[np.float64]:
    """(H, W): three waves of any direction, and grains."""
    y, x = np.mgrid[:height, :width]
    waves = np.zeros((height, width))
    for _ in range(3):
        angle, length, phase = dice.uniform(0, 2 * np.pi), dice.uniform(6, 60), dice.uniform(0, 2 * np.pi)
        waves += np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / length + phase)
    return 9 * waves + dice.normal(0, 6, (height, width))


def _colour(dice: np.random.Generator, others: Sequence[Points]) -> Points:
    """A colour that stands out from those that are there."""
    while True:
        colour = dice.uniform(20, 235, 3)
        if np.abs(np.array(others) - colour).max(1).min() >= CONTRAST:
            return colour
