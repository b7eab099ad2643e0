"""Which layers a technique looks at when nobody names one."""

from typing import Any

import torch
from torch import Tensor, nn

from ..engine.anatomy import layers, watching

COLOURS = 3  # channels; a layer that puts out as many scales pixels, it does not see features


def convolutions(network: nn.Module, images: Tensor) -> list[str]:
    """The convolutions (1x1 included) that put out maps larger than one pixel, in the order of their calls.

    Raises ValueError for a network without any.
    """
    found = [name for name, size in _map_sizes(network, images) if isinstance(layers(network).get(name), nn.Conv2d)]
    if not found:
        raise ValueError(
            "this network has no convolution, so no maps of features; saliency, integrated_gradients and occlusion "
            "take any network"
        )
    return found


def last_maps(network: nn.Module, images: Tensor) -> str:
    """The last layer or block whose output has the size of the last convolution's.

    That is after its ReLU, normalisation and shortcut: the maps that the rest of the network decides from.
    """
    sizes = _map_sizes(network, images)
    last = dict(sizes)[convolutions(network, images)[-1]]
    return [name for name, size in sizes if size == last][-1]


def one_per_size(network: nn.Module, images: Tensor) -> list[str]:
    """The last layer or block of each size of maps, from the largest maps to the smallest."""
    convolutions(network, images)
    return list({size: name for name, size in _map_sizes(network, images)}.values())


def _map_sizes(network: nn.Module, images: Tensor) -> list[tuple[str, tuple[int, int]]]:
    """(name, (H, W)) of every layer and block that puts out maps larger than one pixel, in the order they end."""
    names = {module: name for name, module in network.named_modules() if name}
    sizes: dict[str, tuple[int, int]] = {}

    def note(module: nn.Module, given: tuple[Any, ...], out: Any) -> None:
        if isinstance(out, Tensor) and out.ndim == 4 and out.shape[1] > COLOURS and min(out.shape[2:]) > 1:
            sizes.pop(names[module], None)  # of a layer called several times the last call counts
            sizes[names[module]] = (out.shape[2], out.shape[3])

    with torch.no_grad(), watching(dict.fromkeys(names, note)):
        network(images[:1])
    return list(sizes.items())
