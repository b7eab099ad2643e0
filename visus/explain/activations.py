"""Activation maps: where in the picture each feature of a layer answers."""

import numpy as np
import torch
from torch import Tensor, nn

from ..engine.anatomy import outputs
from ._contract import Sheet
from ._layers import one_per_size

MOST = 24  # maps of a layer, those that answer most strongly


def sheets(network: nn.Module, images: Tensor, layer: str = "", maps: int = MOST) -> list[Sheet]:
    """A sheet for the named layer, or one for each size of maps; of the first picture.

    images: float (B, 3, H, W) in [0, 1]. maps: how many are shown, the strongest first. Black is 0 or below, white
    the map's own maximum. Raises LookupError for an unknown layer, ValueError for one without maps.
    """
    if maps < 1:
        raise ValueError(f"maps must be at least 1; got {maps}")
    names = [layer] if layer else one_per_size(network, images[:1])
    with torch.no_grad():
        found = outputs(network, images[:1], names)
    return [_sheet(name, features, maps) for name, features in found.items()]


def _sheet(name: str, features: Tensor, most: int) -> Sheet:
    if features.ndim != 4:
        shape = tuple(features.shape)
        raise ValueError(f"layer '{name}' puts out {shape}, not maps (B, C, H, W); take an earlier one")
    values = features[0].float().cpu()  # (C, h, w)
    peaks = values.amax((1, 2))
    order = peaks.argsort(descending=True, stable=True)[:most]
    silent = int((peaks <= 0).sum())
    shown = (values[order] / peaks[order].clamp_min(1e-12)[:, None, None]).clamp(0, 1)
    pictures = shown.mul(255).round().to(torch.uint8)[..., None].expand(-1, -1, -1, 3)
    reading = (
        f"White is where a feature answers most, black where not at all; the number is its channel and how strong "
        f"its strongest answer is. {len(order)} of {len(values)} channels, the strongest first"
        + (f"; {silent} answer nowhere in this picture." if silent else ".")
    )
    captions = [f"{int(i)}: {float(peaks[i]):.2g}" for i in order]
    size = f"{values.shape[1]} x {values.shape[2]}"
    return Sheet(f"{name}: maps of {size}", np.ascontiguousarray(pictures.numpy()), reading, captions)
