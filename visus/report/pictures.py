"""Pictures as data URIs: PNG, so that what is shown is what the network saw, pixel for pixel; drawn ones as JPEG."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def data_uri(picture: NDArray[np.uint8]) -> str:
    """A picture (H, W, 3) as `data:image/png;base64,...`."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def photo_uri(picture: NDArray[np.uint8]) -> str:
    """A picture (H, W, 3) to be looked at by people, as JPEG: a tenth of the letters of `data_uri`."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, format="JPEG", quality=88, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def filter_pictures(filters: NDArray[np.floating]) -> list[str]:
    """First-layer weights (F, 3 or 1, h, w) as data URIs, one a filter: grey is zero, white and black its extremes.

    A filter that holds NaN is shown red, since there is nothing to see in it.
    """
    weights = np.repeat(filters, 3, axis=1) if filters.shape[1] == 1 else filters
    shown = []
    for weight in weights:
        if not np.isfinite(weight).all():
            shown.append(data_uri(np.full((*weight.shape[1:], 3), (179, 38, 30), dtype=np.uint8)))
            continue
        reach = float(np.abs(weight).max()) or 1.0
        shown.append(data_uri(np.rint(127.5 + 127.5 * weight.transpose(1, 2, 0) / reach).astype(np.uint8)))
    return shown
