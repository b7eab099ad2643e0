"""Glimpses: where a network that draws its own glimpses looked, in which order, and what it saw of the picture."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..geometry import glimpses
from ._contract import Sheet, as_bytes


class Course(Protocol):
    """M courses of T glimpses: places (B, M, T, 2), (down, right) from -1 to 1, and scores (B, M, K) at their ends."""

    @property
    def places(self) -> Tensor: ...
    @property
    def scores(self) -> Tensor: ...


@runtime_checkable
class Looks(Protocol):
    """A network that draws where to look: see models/classifiers/recurrent_attention. widths: of patches, in px."""

    @property
    def widths(self) -> Sequence[int]: ...
    def watched(self) -> AbstractContextManager[Sequence[Course]]: ...


def sheets(network: nn.Module, images: Tensor, classes: Sequence[str] | None = None, courses: int = 1) -> list[Sheet]:
    """A sheet of ways over the pictures, and one of what was seen on the first of them.

    courses: ways over each picture that are shown, of those an answer is the mean of. Raises ValueError for a network
    that looks at whole pictures, or `courses` below 1. Source: Mnih et al., 2014, figure 2.
    """
    looking = next((part for part in network.modules() if isinstance(part, Looks)), None)
    if looking is None:
        raise ValueError(
            "this network sees the whole picture at once and chooses no glimpses; take saliency or occlusion, or train "
            "one that does: visus train ram_mnist"
        )
    if courses < 1:
        raise ValueError(f"courses must be at least 1; got {courses}")
    with looking.watched() as walked, torch.no_grad():
        network(images)
    course = walked[0]
    pictures = torch.from_numpy(as_bytes(images)).permute(0, 3, 1, 2)
    shown = min(courses, course.places.shape[1])
    ways = [_last(glimpses.drawn(pictures, course.places[:, way], looking.widths[0])) for way in range(shown)]
    views = _last(glimpses.seen(pictures, course.places[:, 0], looking.widths))
    times = ways[0].shape[1] // views.shape[1]
    how = (
        f"{course.places.shape[2]} glimpses at each picture, the first (blue) at a random place, the last (orange) "
        "before the answer below it. A frame is the sharp part of a glimpse."
    )
    said = [_said(scores, classes) for scores in course.scores[:, :shown].flatten(0, 1)]
    dark = "The same pictures as the glimpses of the first way saw them: what none of them reached is dark."
    return [
        Sheet("Where it looks", np.stack(ways, 1).reshape(-1, *ways[0].shape[1:]), how, said),
        Sheet("What it sees", views.repeat(times, 1).repeat(times, 2), dark),
    ]


def _said(scores: Tensor, classes: Sequence[str] | None) -> str:
    """What one course came to: the class and its chance."""
    chance, best = scores.float().softmax(0).max(0)
    return f"{classes[int(best)] if classes else int(best)} ({100 * float(chance):.0f} %)"


def _last(pictures: Tensor) -> NDArray[np.uint8]:
    return np.ascontiguousarray(pictures.permute(0, 2, 3, 1).numpy())
