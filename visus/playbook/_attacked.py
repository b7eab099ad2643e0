"""What attacks on a run and on single pictures share: the model, and how pictures and changes are shown."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..attacks._contract import UnitPixels
from ..data.collection import CLASSES
from ..ship import model as ship

SHOWN_PX = 96  # side that small pictures are enlarged to, by whole pixels
MAGNIFIED = 10


def classifier(folder: Path) -> ship.TrainedModel:
    """The model of a run. Raises ValueError if it does not name classes, FileNotFoundError if there is none."""
    trained = ship.load(folder)
    if trained.tells != CLASSES:
        raise ValueError(
            f"{folder} tells {trained.tells}, and an attack makes a model name a wrong class; take a classifier"
        )
    return trained


def surrogate(folder: Path, trained: ship.TrainedModel) -> UnitPixels:
    """The network of another run, on which attacks on `trained` are made. Raises ValueError if it does not fit."""
    other = classifier(folder)
    if other.classes != trained.classes:
        raise ValueError(
            f"{folder} tells {', '.join(other.classes[:5])} apart and the attacked model "
            f"{', '.join(trained.classes[:5])}; transfer needs a run with the same classes"
        )
    if other.frame != trained.frame:
        size = f"{trained.frame.height} x {trained.frame.width} ({trained.frame.framing})"
        raise ValueError(f"{folder} sees pictures of another size or framing; train one that sees {size}")
    return UnitPixels(other.network)


def unit(images: Tensor) -> Tensor:
    """Bytes to floats in [0, 1]."""
    return images.float() / 255


def rounded(pixels: Tensor) -> Tensor:
    """Floats in [0, 1] as the bytes that a file can hold."""
    return (255 * pixels).round().to(torch.uint8)


def captions(trained: ship.TrainedModel, pixels: Tensor) -> list[str]:
    """What the model says of each picture, and how surely."""
    with torch.no_grad():
        chances = UnitPixels(trained.network)(pixels).softmax(1)
    return [f"{trained.classes[int(row.argmax())]} {100 * float(row.max()):.1f} %" for row in chances]


def difference(before: Tensor, after: Tensor) -> Tensor:
    """The change, ten times enlarged, about grey."""
    return (0.5 + MAGNIFIED * (after - before)).clamp(0, 1)


def enlarged(pixels: Tensor) -> NDArray[np.uint8]:
    """Floats (N, 3, H, W) in [0, 1] -> pictures uint8 (N, h, w, 3), small ones enlarged by whole pixels."""
    times = max(1, SHOWN_PX // max(pixels.shape[2:]))
    pictures: NDArray[np.uint8] = rounded(pixels).permute(0, 2, 3, 1).cpu().numpy()
    return pictures.repeat(times, 1).repeat(times, 2)
