"""A picture that was begun: its known pixels, laid where they belong on the canvas of a model that goes on with it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.canvas import Canvas, said
from ..data.decode import read_full, read_grey, read_opacity

OPAQUE = 128  # opacity from which a pixel counts as there


@dataclass(frozen=True)
class Begun:
    """picture: uint8 (1, 3, H, W), black where nothing was given. known: bool (H, W). whole: all pixels were given."""

    picture: Tensor
    known: Tensor
    whole: bool


def begun(
    picture: NDArray[np.uint8] | str | Path, canvas: Canvas, known: int | NDArray[np.bool_] | None = None
) -> Begun:
    """A picture of the canvas's width, and as many rows or fewer, which are its upper part.

    known: so many upper rows, or bool (H, W), of the pixels that are there; without it, all rows of a part, what is not
    transparent in a file, else the upper half. Raises ValueError for a picture that does not fit or has a channel too
    few, and for `known` that names no pixel, or all.
    """
    name = "the picture" if isinstance(picture, np.ndarray) else str(picture)
    pixels, opacity = _read(picture, canvas, name)
    height, width = pixels.shape[:2]
    if height > canvas.height or width > canvas.width:
        raise ValueError(
            f"{name} has {height} x {width} pixels, more than the {canvas.height} x {canvas.width} that the model "
            "draws; scale it down or cut it"
        )
    if width < canvas.width:
        raise ValueError(
            f"{name} is {width} pixels wide, and the model draws {said(canvas.image)}; a part of a picture has all "
            f"{canvas.width} columns and fewer rows; scale it, or lay it on a full picture and give a mask"
        )
    whole = np.zeros((canvas.height, canvas.width, 3), dtype=np.uint8)
    whole[:height] = pixels
    there = np.zeros((canvas.height, canvas.width), dtype=bool)
    there[:height] = _known(known, canvas, (height, width), opacity, name)[:height]
    if there.all() or not there.any():
        what = "all of its pixels are known, so there is nothing to draw" if there.any() else "none of it is known"
        raise ValueError(f"{name}: {what}; name the upper rows that are, or give a mask of some")
    given_all = height == canvas.height and (opacity is None or bool((opacity >= OPAQUE).all()))
    return Begun(torch.from_numpy(whole).permute(2, 0, 1)[None].contiguous(), torch.from_numpy(there), given_all)


def _read(
    picture: NDArray[np.uint8] | str | Path, canvas: Canvas, name: str
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Colours (h, w, 3), and how opaque each pixel is, where a file says so."""
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] != 3):
            raise ValueError(f"a picture is uint8 (h, W) or (h, W, 3); got {picture.dtype} {picture.shape}")
        grey, opacity = picture.ndim == 2, None
        pixels = picture[:, :, None].repeat(3, 2) if grey else picture
    else:
        path = Path(picture)
        grey, opacity, pixels = read_grey(path), read_opacity(path), read_full(path)
    if grey and canvas.channels == 3:
        raise ValueError(
            f"{name} is grey, and the model draws {said(canvas.image)}; give one in colour, or a model of grey ones"
        )
    return pixels, opacity


def _known(
    known: int | NDArray[np.bool_] | None,
    canvas: Canvas,
    size: tuple[int, int],
    opacity: NDArray[np.uint8] | None,
    name: str,
) -> NDArray[np.bool_]:
    """Which pixels of the canvas are known, bool (H, W)."""
    shape = canvas.height, canvas.width
    if isinstance(known, np.ndarray):
        if known.shape != shape:
            raise ValueError(
                f"the mask has {' x '.join(map(str, known.shape))} pixels; it must have {shape[0]} x {shape[1]}"
            )
        return known.astype(bool)
    if known is not None:
        if not 1 <= known < canvas.height:
            raise ValueError(f"between 1 and {canvas.height - 1} rows of {canvas.height} can be known; got {known}")
        if known > size[0]:
            raise ValueError(f"{known} rows are to be known, and {name} has {size[0]}; ask for at most as many")
        return np.repeat(np.arange(canvas.height) < known, canvas.width).reshape(shape)
    if opacity is not None and (opacity < OPAQUE).any():
        there = np.zeros(shape, dtype=bool)
        there[: size[0]] = opacity >= OPAQUE
        return there
    rows = size[0] if size[0] < canvas.height else canvas.height // 2
    return np.repeat(np.arange(canvas.height) < rows, canvas.width).reshape(shape)
