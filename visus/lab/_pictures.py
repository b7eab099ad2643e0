"""Pictures for experiments, and tensors as pictures for the page."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.batches import Prepared
from ..data.named import open_named
from ..data.prepare import prepare

SHOWN_PX = 96  # side that small pictures are enlarged to, by whole pixels


def few(data: str, n: int, seed: int = 0) -> Prepared:
    """About n pictures of a named set, spread evenly over it, split and ready; n=0: all."""
    collection = open_named(data)
    if 0 < n < len(collection):
        collection = collection.subset(np.linspace(0, len(collection) - 1, n).astype(np.int64))
    return prepare(collection, seed=seed)


def of_each_class(prepared: Prepared) -> Tensor:
    """The first training picture of each class, uint8 (K, 3, H, W)."""
    rows = prepared.rows("train")
    labels = prepared.labels(rows).numpy()
    return prepared.images(rows[np.unique(labels, return_index=True)[1]])


def shown(values: Tensor) -> NDArray[np.uint8]:
    """Values in [0, 1], or bytes, (N, 3, H, W) -> pictures uint8 (N, h, w, 3), enlarged by whole pixels."""
    if values.dtype != torch.uint8:
        values = (255 * values.float().clamp(0, 1)).round().to(torch.uint8)
    times = max(1, round(SHOWN_PX / values.shape[3]))
    pictures: NDArray[np.uint8] = values.permute(0, 2, 3, 1).cpu().numpy()
    return pictures.repeat(times, 1).repeat(times, 2)


def stretched(values: Tensor, reach: float = 0.0) -> Tensor:
    """Values about 0, (N, ...) -> [0, 1] with 0 as grey; each by its own largest, or all by `reach`."""
    largest = values.flatten(1).abs().amax(1).clamp_min(1e-12).view(-1, *[1] * (values.ndim - 1))
    return 0.5 + 0.5 * values / (reach or largest)
