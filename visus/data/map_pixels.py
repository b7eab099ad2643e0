"""From the file of a label map to classes: what stands in its pixels is looked up and never converted or resized."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .decode import opened
from .label_maps import IGNORE

Code = int | tuple[int, int, int]  # a palette index or grey level, or a colour
BYTE = 256


def read_classes(path: Path, codes: Mapping[Code, int]) -> tuple[NDArray[np.uint8], dict[Code, int]]:
    """The class of every pixel, (H, W), and how many pixels hold each code that is not in `codes`: these are IGNORE.

    Where codes are colours, palettes are looked up and grey is repeated; where they are numbers, a palette's indices
    stand, and a map saved in colours that are all grey counts as grey. Raises UnreadablePictureError.
    """
    in_colour = any(isinstance(code, tuple) for code in codes)
    pixels = read_codes(path, in_colour)
    numbers = _numbers(pixels)
    known = np.array(sorted(_number(code) for code in codes), dtype=np.int64)
    classes = np.array([index for _, index in sorted((_number(code), index) for code, index in codes.items())])
    if known.size and known[-1] < BYTE and numbers.max(initial=0) < BYTE:  # a table is faster than a search
        table = np.full(BYTE, -1, dtype=np.int16)
        table[known] = classes
        found = table[numbers]
    else:
        place = np.searchsorted(known, numbers).clip(max=len(known) - 1)
        found = np.where(known[place] == numbers, classes[place], -1).astype(np.int16)
    strange = found < 0
    unknown: dict[Code, int] = {}
    if strange.any():
        values, counts = np.unique(numbers[strange], return_counts=True)
        colours = pixels.ndim == 3
        unknown = {_code(int(v), colours): int(n) for v, n in zip(values, counts, strict=True)}
    return np.where(strange, IGNORE, found).astype(np.uint8), unknown


def read_codes(path: Path, in_colour: bool) -> NDArray[np.int64]:
    """What stands in the pixels of a map: (H, W) numbers, or (H, W, 3) colours if wanted or if nothing else is there.

    Raises UnreadablePictureError.
    """
    with opened(path) as (_, image):
        image.load()
        if in_colour or image.mode not in ("1", "L", "P", "I", "I;16", "I;16B", "I;16L", "LA", "PA"):
            pixels = np.asarray(image.convert("RGB"))
            grey = not in_colour and bool((pixels == pixels[..., :1]).all())
            pixels = pixels[..., 0] if grey else pixels
        elif image.mode in ("LA", "PA"):
            pixels = np.asarray(image.getchannel(0))
        else:
            pixels = np.asarray(image)
        return pixels.astype(np.int64)


def codes_in(path: Path) -> set[Code]:
    """The codes that stand in a map: numbers where it has any. Raises UnreadablePictureError."""
    pixels = read_codes(path, in_colour=False)
    return {_code(int(value), pixels.ndim == 3) for value in np.unique(_numbers(pixels))}


def _numbers(pixels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Colours (H, W, 3) as one number each, and numbers as they are."""
    return pixels if pixels.ndim == 2 else (pixels[..., 0] * BYTE + pixels[..., 1]) * BYTE + pixels[..., 2]


def _number(code: Code) -> int:
    return code if isinstance(code, int) else (code[0] * BYTE + code[1]) * BYTE + code[2]


def _code(number: int, in_colour: bool) -> Code:
    return (number // BYTE**2, number // BYTE % BYTE, number % BYTE) if in_colour else number
