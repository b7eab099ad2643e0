"""Points of the plane in two or three classes: sets small enough to see what a classifier made of them."""

import difflib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]  # (n, 2)
Draw = Callable[[np.random.Generator, int, int], Points]  # (randomness, which class, how many) -> its points

SPIRAL_NOISE = 0.2  # radians; the course's
BLOB_CENTRES = ((-0.6, -0.4), (0.6, -0.4), (0.0, 0.6))
MODE_RADIUS, MODES = 0.25, ((-0.6, -0.5), (0.6, -0.4), (0.0, 0.6))


def make(name: str, n: int = 300, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """A set of NAMES with n points in all: points (n, 2), mostly within [-1, 1], and labels (n,), in random order.

    Classes are of equal size, to within one point. The same (name, n, seed) is the same set on every machine.
    Raises LookupError for another name, ValueError for fewer points than classes.
    """
    if name not in SETS:
        close = difflib.get_close_matches(name, NAMES, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise LookupError(f"no set of points is named '{name}'.{hint} Available: {', '.join(NAMES)}.")
    n_classes, draw = SETS[name]
    if n < n_classes:
        raise ValueError(f"{name} has {n_classes} classes and needs at least as many points; got {n}")
    random = np.random.Generator(np.random.Philox(seed))
    sizes = [len(part) for part in np.array_split(np.arange(n), n_classes)]
    points = np.concatenate([draw(random, label, size) for label, size in enumerate(sizes)])
    labels = np.repeat(np.arange(n_classes), sizes)
    order = random.permutation(n)
    return points[order].astype(np.float32), labels[order].astype(np.int64)


def _spiral(random: np.random.Generator, label: int, n: int) -> Points:
    """One of three arms. Source: Karpathy, Putting it together: minimal neural network case study, CS231n notes."""
    radius = np.linspace(0, 1, n)
    angle = np.linspace(4 * label, 4 * (label + 1), n) + SPIRAL_NOISE * random.standard_normal(n)
    return np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])


def _ring(random: np.random.Generator, label: int, n: int) -> Points:
    """A disc, and a ring around it: no line parts them, their distance from the centre does."""
    radius = 0.45 * np.sqrt(random.random(n)) if label == 0 else random.uniform(0.65, 1, n)
    angle = random.uniform(0, 2 * np.pi, n)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _moons(random: np.random.Generator, label: int, n: int) -> Points:
    """Two half circles that reach into each other."""
    angle = random.uniform(0, np.pi, n) + np.pi * label
    centre = np.array([-0.3, -0.15]) if label == 0 else np.array([0.3, 0.15])
    return centre + 0.6 * np.column_stack([np.cos(angle), np.sin(angle)]) + 0.07 * random.standard_normal((n, 2))


def _blobs(random: np.random.Generator, label: int, n: int) -> Points:
    """Three clouds that overlap a little: what a linear classifier is made for."""
    return np.array(BLOB_CENTRES[label]) + 0.25 * random.standard_normal((n, 2))


def _parity(random: np.random.Generator, label: int, n: int) -> Points:
    """Class 1 where the coordinates' signs differ (exclusive or), class 0 where they agree."""
    size, sign = random.uniform(0.05, 1, (n, 2)), random.choice([-1.0, 1.0], n)
    return size * np.column_stack([sign, sign if label == 0 else -sign])


def _multimodal(random: np.random.Generator, label: int, n: int) -> Points:
    """Class 1 is in three places, class 0 is everywhere else."""
    centres = np.array(MODES)
    if label == 1:
        angle, radius = random.uniform(0, 2 * np.pi, n), MODE_RADIUS * np.sqrt(random.random(n))
        return centres[np.arange(n) % len(centres)] + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    found = np.empty((0, 2))
    while len(found) < n:
        tried = random.uniform(-1, 1, (2 * n, 2))
        distances = np.linalg.norm(tried[:, None] - centres, axis=2)  # (2n, 3)
        found = np.concatenate([found, tried[distances.min(1) > 1.2 * MODE_RADIUS]])
    return found[:n]


SETS: dict[str, tuple[int, Draw]] = {
    "blobs": (3, _blobs),
    "moons": (2, _moons),
    "multimodal": (2, _multimodal),
    "parity": (2, _parity),
    "ring": (2, _ring),
    "spiral": (3, _spiral),
}
NAMES = tuple(SETS)
