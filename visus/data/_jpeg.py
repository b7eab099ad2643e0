"""JPEG at a reduced size: the inverse transform gives 1/2, 1/4 or 1/8 of the picture for a fraction of the work.

libjpeg repairs what it can and only warns, so a file that was cut off becomes a half-grey picture. Here every such
warning is an error, save those that touch no pixel.
"""

import math
import re
from typing import cast

import numpy as np
import simplejpeg
from numpy.typing import NDArray

EIGHTHS = (1, 2, 4, 8)  # the scales with fast routines; 3/8, 5/8, ... take as long as the next larger one
HARMLESS = re.compile("unknown JFIF revision|unknown Adobe color transform|Invalid SOS parameters", re.IGNORECASE)
LEFT_OVER = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
START_OF_SCAN, END_OF_PICTURE = b"\xff\xda", b"\xff\xd9"


def eighths(height: int, width: int, least: tuple[float, float]) -> int:
    """The smallest scale, in eighths, at which a picture of height x width pixels is still at least `least` (H, W)."""
    wanted = max(least[0] / height, least[1] / width)
    return next((n for n in EIGHTHS if n / 8 >= wanted), 8)


def decode(jpeg: bytes, height: int, width: int, n_eighths: int, grey: bool) -> NDArray[np.uint8]:
    """(H, W, 3), or (H, W, 1) if `grey`, uint8, where H and W are n_eighths/8 of the stored size, rounded up.

    Raises ValueError with libjpeg's own words if any part of the picture is missing or broken.
    """
    at_least = {"min_height": math.ceil(height * n_eighths / 8), "min_width": math.ceil(width * n_eighths / 8)}
    colours = "GRAY" if grey else "RGB"
    try:
        pixels = simplejpeg.decode_jpeg(jpeg, colours, **at_least)
    except ValueError as warning:
        if not _pixels_are_whole(jpeg, str(warning)):
            raise
        pixels = simplejpeg.decode_jpeg(jpeg, colours, strict=False, **at_least)
    return cast("NDArray[np.uint8]", pixels)


def _pixels_are_whole(jpeg: bytes, warning: str) -> bool:
    """Is `warning` only about bytes around the picture?

    Many cameras and editors leave bytes between the last pixel and the end marker. libjpeg reports its last warning
    only, so without those bytes an earlier, serious one would show: take them out and look again.
    """
    for _ in range(8):
        if HARMLESS.search(warning):
            return True
        left_over = LEFT_OVER.search(warning)
        end = jpeg.find(END_OF_PICTURE, jpeg.find(START_OF_SCAN))
        if not left_over or end < 0:
            return False
        jpeg = jpeg[: end - int(left_over[1])] + END_OF_PICTURE
        try:
            simplejpeg.decode_jpeg(jpeg, "GRAY", min_height=1, min_width=1)
        except ValueError as next_warning:
            warning = str(next_warning)
        else:
            return True
    return False
