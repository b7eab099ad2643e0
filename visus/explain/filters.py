"""Filters: what the convolutions look for; the first layer's can be read as colours, later ones hardly."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..engine.anatomy import layer as sub_module
from ..engine.anatomy import layers
from ._contract import Sheet

MOST = 64  # filters of the first layer; later layers have hundreds
ACROSS = 16  # filters and input channels of a later layer
GAP = 1


def sheets(network: nn.Module, layer: str = "") -> list[Sheet]:
    """Sheets of filters: of the named convolution, or of the first and a later one.

    Grey is 0; white and black are the extremes of each filter. Raises LookupError for an unknown layer, ValueError for
    one that is no convolution, or a network without any.
    """
    found = [name for name, module in layers(network).items() if isinstance(module, nn.Conv2d)]
    if layer and not isinstance(sub_module(network, layer), nn.Conv2d):
        raise ValueError(f"layer '{layer}' is no convolution; the convolutions are {', '.join(found[:12]) or 'none'}")
    if not found:
        raise ValueError("this network has no convolution, so no filters; saliency and occlusion take any network")
    # The second as an example of all later ones: they look at features, not at colours.
    return [_sheet(network, name) for name in ([layer] if layer else found[:2])]


def _sheet(network: nn.Module, name: str) -> Sheet:
    convolution = sub_module(network, name)
    assert isinstance(convolution, nn.Conv2d)
    weights = convolution.weight.detach().float()
    n_filters, n_inputs, *size = weights.shape
    title = f"{name}: {n_filters} filters of {size[0]} x {size[1]} over {n_inputs} channel{'s' * (n_inputs > 1)}"
    if n_inputs in (1, 3):
        coloured = _grey_is_zero(weights[:MOST]).expand(-1, 3, -1, -1)
        reading = "A filter answers where the picture looks like it: edges, spots and colours. Grey is zero."
        return Sheet(title, _pictures(coloured), reading, [str(i) for i in range(len(coloured))])
    shown = weights[:ACROSS, :ACROSS]
    if size == [1, 1]:
        grid = _grey_is_zero(shown[:, :, 0, 0][None, None])
        reading = "Rows are filters, columns the channels they weigh. Not colours: what it mixes are features already."
    else:
        grid = _mosaic(_grey_is_zero(shown))[None, None]
        reading = (
            f"Row i is filter i, column j what it does with channel j ({len(shown)} of {n_filters} filters, "
            f"{shown.shape[1]} of {n_inputs} channels). Such filters look at features, not at colours, and are hardly "
            "readable by eye; `patches` shows what excites them."
        )
    return Sheet(title, _pictures(grid.expand(-1, 3, -1, -1)), reading)


def _grey_is_zero(weights: Tensor) -> Tensor:
    """Weights -> [0, 1] with 0 at one half, each filter scaled by its own largest absolute weight."""
    reach = weights.abs().flatten(1).amax(1).clamp_min(1e-12)
    return 0.5 + 0.5 * weights / reach.reshape(-1, *[1] * (weights.ndim - 1))


def _mosaic(filters: Tensor) -> Tensor:
    """Filters (F, C, h, w) -> one picture, a row of C tiles for each of the F filters."""
    tiles = torch.nn.functional.pad(filters, (0, GAP, 0, GAP), value=1.0)
    return tiles.permute(0, 2, 1, 3).flatten(2).flatten(0, 1)[:-GAP, :-GAP]


def _pictures(images: Tensor) -> NDArray[np.uint8]:
    return np.ascontiguousarray(images.mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy())
