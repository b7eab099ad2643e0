"""JPEG at a reduced size: the inverse transform gives 1/2, 1/4 or 1/8 of a picture for a fraction of the work.

libjpeg repairs what it can and merely warns, so that a file which was cut off becomes a half-grey picture. Here every
warning is an error: bytes left over, too few of them, or codes that do not exist mean that pixels are wrong.
"""

import math
from typing import cast

import numpy as np
import simplejpeg
from numpy.typing import NDArray

EIGHTHS = (1, 2, 4, 8)  # the scales with fast routines; 3/8, 5/8, ... take as long as the next larger one
MARGIN = 1.5  # so much larger than asked for, at least: the kernel then makes up for most of the difference
JFIF_MARK, JFIF_REVISION = slice(6, 11), slice(11, 13)


def eighths(scale: float) -> int:
    """At how many eighths of its size to decode a picture that will then be shown at `scale` times its size."""
    return next((n for n in EIGHTHS if n / 8 >= MARGIN * scale), 8)


def decode(jpeg: bytes, height: int, width: int, n_eighths: int, grey: bool) -> NDArray[np.uint8]:
    """(H, W, 3), or (H, W) if `grey`, uint8; H and W are n_eighths/8 of the stored height and width, rounded up.

    Raises ValueError with libjpeg's own words if any part of the picture is missing or broken.
    """
    if jpeg[JFIF_MARK] == b"JFIF\0" and jpeg[JFIF_REVISION.start] != 1:
        # Some editors write revision 0.00; it concerns no pixel, but libjpeg warns of it and then of nothing else.
        jpeg = jpeg[: JFIF_REVISION.start] + b"\x01\x01" + jpeg[JFIF_REVISION.stop :]
    pixels = simplejpeg.decode_jpeg(
        jpeg,
        "GRAY" if grey else "RGB",
        min_height=math.ceil(height * n_eighths / 8),
        min_width=math.ceil(width * n_eighths / 8),
        strict=True,
    )
    return cast("NDArray[np.uint8]", pixels[:, :, 0] if grey else pixels)
