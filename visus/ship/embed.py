"""Pictures as rows of numbers: what a layer of a trained model makes of them."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.decode import UnreadablePictureError, read, read_array
from ..engine import anatomy
from .model import BATCH, Pictures, TrainedModel, files

NETWORK = "network."  # behind the standardisation, in a shipped model; a layer may be named without it


def embed(model: TrainedModel, pictures: Pictures | Tensor, layer: str = "", grid: int = 1) -> NDArray[np.float32]:
    """Features (N, D) of pictures: files, a folder, arrays uint8 (N, H, W, 3), or a tensor uint8 (N, 3, H, W).

    layer: whose output; '' for what enters the last, deciding layer. grid: maps are averaged over grid x grid parts
    of the picture, so D is grid * grid times the channels; 0 keeps every place.
    Raises LookupError for a layer that is not there, UnreadablePictureError for the first file that cannot be read.
    """
    name = resolve(model, layer)
    rows = [of_layer(model.network, images, name, grid, entering=not layer) for images in _batches(model, pictures)]
    return torch.cat(rows).numpy() if rows else np.empty((0, 0), np.float32)


def resolve(model: TrainedModel, layer: str) -> str:
    """The full name of a layer; that of the deciding one for ''. Raises LookupError with the nearest name."""
    if not layer:
        return anatomy.head(model.network, len(model.classes))
    inner = dict(model.network.named_modules()).get(NETWORK.rstrip("."))
    if inner is None or layer.startswith(NETWORK):
        anatomy.layer(model.network, layer)
        return layer
    anatomy.layer(inner, layer)
    return NETWORK + layer


@torch.no_grad()
def of_layer(network: nn.Module, images: Tensor, name: str, grid: int = 1, entering: bool = False) -> Tensor:
    """Features (B, D) of images, as the network takes them, in the mode it is in."""
    if entering:
        found = anatomy.entering(network, images, [name])[name]
    else:
        found = anatomy.outputs(network, images, [name])[name]
    return pooled(found, grid).float().cpu()


def pooled(maps: Tensor, grid: int = 1) -> Tensor:
    """Maps (B, C, H, W) -> their means over grid x grid parts, (B, C * grid**2); rows (B, D) as they are."""
    if maps.ndim == 4 and grid:
        maps = F.adaptive_avg_pool2d(maps, (min(grid, maps.shape[2]), min(grid, maps.shape[3])))
    return maps.flatten(1)


def readable(pictures: str | Path, model: TrainedModel) -> tuple[list[Path], list[str]]:
    """The files that can be read, and one sentence for each that cannot."""
    good, errors = [], []
    for path in files(pictures):
        try:
            read(path, model.frame)
            good.append(path)
        except UnreadablePictureError as error:
            errors.append(str(error))
    return good, errors


def _batches(model: TrainedModel, pictures: Pictures | Tensor) -> Iterator[Tensor]:
    if isinstance(pictures, Tensor):
        yield from pictures.split(BATCH)
        return
    if isinstance(pictures, np.ndarray):
        items: list[NDArray[np.uint8] | Path] = list(pictures)
    else:
        items = list(files(pictures))
    for first in range(0, len(items), BATCH):
        some = items[first : first + BATCH]
        arrays = [read(i, model.frame) if isinstance(i, Path) else read_array(i, model.frame) for i in some]
        yield torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).contiguous()


def write(path: Path, names: list[str], rows: NDArray[np.float32]) -> None:
    """features (N, D) and names (N,) as .npz; or .csv, a row a picture, under the heading picture, 0, 1, ..."""
    if path.suffix == ".npz":
        np.savez_compressed(path, features=rows, names=np.array(names))
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["picture", *range(rows.shape[1])])
        table.writerows([name, *(f"{value:.7g}" for value in row)] for name, row in zip(names, rows, strict=True))
