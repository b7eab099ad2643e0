"""A network's features as points, and points as a map with the pictures on it."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..engine import anatomy
from ._contract import Sheet, as_bytes

BATCH = 256
MAP_PX = 1100  # side of a map
MOST = 2000  # pictures that are embedded: more would cover each other
NEIGHBOURS = 10  # that tell how well a map keeps apart what is apart
WHITE = 255


@torch.no_grad()
def embed(network: nn.Module, pictures: Tensor, layer: str = "") -> Tensor:
    """Pictures uint8 (N, 3, H, W) -> features (N, D): what `layer` puts out, or for "" what the head is given.

    Maps (C, H, W) are averaged over their places. Raises LookupError if the layer, or a head, is not there.
    """
    pixels = [batch.float() / 255 for batch in pictures.split(BATCH)]
    if layer:
        found = [anatomy.outputs(network, batch, [layer])[layer] for batch in pixels]
    else:
        head = anatomy.layer(network, anatomy.head(network, network(pixels[0][:1]).shape[1]))
        found = [_given(network, head, batch) for batch in pixels]
    return torch.cat([_rows(answer) for answer in found])


def sheets_of(
    name: str, points: Tensor, rows: Tensor, pictures: Tensor, labels: Tensor | None, reading: str
) -> list[Sheet]:
    """A map with each picture at its point, and the same laid out on a grid so that none is covered.

    points (N, 2); rows (N, D): the features that were embedded; labels (N,) int64, or None where unknown.
    """
    said = reading + _kept_apart(points, rows, labels)
    thumbnails = as_bytes(pictures.float() / 255)
    scattered = Sheet(f"{name}: each picture at its place", scatter(points, thumbnails)[None], said)
    tidy = "The same map pulled apart to a grid: neighbours stay neighbours as far as a grid allows."
    return [scattered, Sheet(f"{name}: on a grid", grid(points, thumbnails)[None], tidy)]


def purity(points: Tensor, labels: Tensor, k: int = NEIGHBOURS) -> float:
    """The share of a point's k nearest points that bear its label, averaged over points (N, D); labels (N,)."""
    k = min(k, len(points) - 1)
    distances = torch.cdist(points, points)
    distances.fill_diagonal_(torch.inf)
    nearest = distances.topk(k, largest=False).indices
    return float((labels[nearest] == labels[:, None]).float().mean())


def scatter(points: Tensor, thumbnails: NDArray[np.uint8], side: int = MAP_PX) -> NDArray[np.uint8]:
    """A white map (side, side, 3) with each picture at its point (N, 2); later ones lie on earlier ones."""
    size = int(np.clip(1.6 * side / np.sqrt(len(thumbnails)) / 2, 16, 96))
    small = _thumbnails(thumbnails, size)
    low, high = points.amin(0), points.amax(0)
    unit = ((points - low) / (high - low).clamp_min(1e-12)).numpy()
    canvas = np.full((side, side, 3), WHITE, dtype=np.uint8)
    for (x, y), thumbnail in zip(unit, small, strict=True):
        left, top = round(float(x) * (side - size)), round(float(1 - y) * (side - size))
        canvas[top : top + size, left : left + size] = thumbnail
    return canvas


def grid(points: Tensor, thumbnails: NDArray[np.uint8], side: int = MAP_PX) -> NDArray[np.uint8]:
    """As many pictures as fill a square, each in the cell that keeps the sum of squared moves smallest."""
    from scipy.optimize import linear_sum_assignment

    cells = max(1, min(int(np.sqrt(len(points))), side // 16))
    chosen = np.linspace(0, len(points) - 1, cells * cells).astype(np.int64)
    ranks = points[torch.from_numpy(chosen)].argsort(0).argsort(0).numpy() / max(1, cells * cells - 1)
    steps = np.linspace(0, 1, cells)
    places = np.stack(np.meshgrid(steps, steps, indexing="xy"), -1).reshape(-1, 2)
    costs = ((ranks[:, None] - places[None]) ** 2).sum(2)
    own, cell = linear_sum_assignment(costs)
    size = side // cells
    canvas = np.full((cells * size, cells * size, 3), WHITE, dtype=np.uint8)
    for thumbnail, place in zip(_thumbnails(thumbnails[chosen[own]], size), cell, strict=True):
        down, right = cells - 1 - place // cells, place % cells
        canvas[down * size : (down + 1) * size, right * size : (right + 1) * size] = thumbnail
    return canvas


def few(pictures: Tensor, labels: Tensor | None, least: int) -> tuple[Tensor, Tensor | None]:
    """At most MOST of them, spread evenly. Raises ValueError for fewer than `least`."""
    if len(pictures) < least:
        raise ValueError(f"a map needs at least {least} pictures; got {len(pictures)}")
    if len(pictures) <= MOST:
        return pictures, labels
    rows = torch.from_numpy(np.linspace(0, len(pictures) - 1, MOST).astype(np.int64))
    return pictures[rows], None if labels is None else labels[rows]


def named(label: int, classes: Sequence[str]) -> str:
    """The class's name, or nothing where it is not known."""
    return classes[label] if 0 <= label < len(classes) else ""


def _kept_apart(points: Tensor, rows: Tensor, labels: Tensor | None) -> str:
    if labels is None or int((labels >= 0).sum()) <= NEIGHBOURS or labels[labels >= 0].unique().numel() < 2:
        return ""
    known = labels >= 0
    here, there = purity(points[known], labels[known]), purity(rows[known], labels[known])
    return (
        f" Of a picture's {NEIGHBOURS} nearest on the map {here:.0%} are of its class, of the nearest among the "
        f"features {there:.0%}."
    )


def _given(network: nn.Module, head: nn.Module, images: Tensor) -> Tensor:
    """What the head is given."""
    seen: list[Tensor] = []
    handle = head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    try:
        network(images)
    finally:
        handle.remove()
    return seen[-1]


def _rows(answer: Tensor) -> Tensor:
    return (answer.mean((2, 3)) if answer.ndim == 4 else answer.flatten(1)).float().cpu()


def _thumbnails(pictures: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    from PIL import Image

    sharp = pictures.shape[1] <= size  # small pictures are enlarged pixel by pixel
    way = Image.Resampling.NEAREST if sharp else Image.Resampling.BOX
    return np.stack([np.asarray(Image.fromarray(one).resize((size, size), way)) for one in pictures])
