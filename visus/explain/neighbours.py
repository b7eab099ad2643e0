"""Neighbours: the pictures whose features are most like those of a picture.

What lies near shows what the features are about: the same kind of thing in another pose, or only the same background.
The nearest by pixels are counted beside them, for comparison.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ..geometry.neighbours import nearest
from ._contract import Sheet, as_bytes
from ._embedding import embed, named

QUERIES = 8  # pictures asked about when none is given


def sheets(
    network: nn.Module,
    pictures: Tensor,
    labels: Tensor | None = None,
    classes: Sequence[str] = (),
    images: Tensor | None = None,
    layer: str = "",
    *,
    k: int = 8,
) -> list[Sheet]:
    """For each query the k nearest of the pictures uint8 (N, 3, H, W), by Euclidean distance of features.

    images: the queries, float (B, 3, H, W) in [0, 1]; nothing takes 8 of the pictures, each left out of its own answer.
    layer: a dotted name; nothing takes what the head is given. Raises ValueError if there are not k pictures to choose
    from, LookupError for a layer that is not there.
    """
    own = images is None
    if not 1 <= k <= len(pictures) - own:
        raise ValueError(f"k must be between 1 and {len(pictures) - own}, the pictures there are; got {k}")
    asked = torch.from_numpy(np.linspace(0, len(pictures) - 1, min(QUERIES, len(pictures))).astype(np.int64))
    queries = pictures[asked] if images is None else (255 * images).round().to(torch.uint8)
    rows = embed(network, pictures, layer)
    around = embed(network, queries, layer)
    distances, found = nearest(around, rows, k + own)
    by_pixel = nearest(queries.flatten(1).float(), pictures.flatten(1).float(), k + own)[1]
    if own:
        distances, found = _without(asked, distances, found)
        by_pixel = _without(asked, by_pixel, by_pixel)[1]
    reading = f"Left the picture, then its {k} nearest by {rows.shape[1]} features; below each its distance."
    answers = []
    for i, query in enumerate(queries):
        label = int(labels[asked[i]]) if own and labels is not None else -1
        shown = as_bytes(torch.cat([query[None], pictures[found[i]]]).float() / 255)
        names = [named(int(labels[row]), classes) if labels is not None else "" for row in found[i]]
        captions = [f"{name} {float(far):.2f}".strip() for name, far in zip(names, distances[i], strict=True)]
        said = reading + _of_its_class(label, labels, found[i], by_pixel[i])
        title = f"Nearest to {named(label, classes) or f'picture {i + 1}'}"
        answers.append(Sheet(title, shown, said, [named(label, classes) or "the picture", *captions]))
    return answers


def _without(own: Tensor, distances: Tensor, found: Tensor) -> tuple[Tensor, Tensor]:
    """Each query's answer without itself; a twin at distance 0 may have taken its place, then the last one goes."""
    keep = found != own[:, None]
    keep[keep.all(1), -1] = False
    shape = len(found), found.shape[1] - 1
    return distances[keep].view(shape), found[keep].view(shape)


def _of_its_class(label: int, labels: Tensor | None, found: Tensor, by_pixel: Tensor) -> str:
    if labels is None or label < 0:
        return ""
    right, by_pixels = (int((labels[rows] == label).sum()) for rows in (found, by_pixel))
    return f" {right} of {len(found)} are of its class; of the nearest by pixels {by_pixels}."
