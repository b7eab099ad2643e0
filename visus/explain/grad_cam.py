"""Grad-CAM: the regions whose features speak for the class, from the last maps before the decision."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..engine.anatomy import outputs
from ._gradients import chosen
from ._layers import last_maps


def explain(network: nn.Module, images: Tensor, targets: Tensor, layer: str = "") -> Tensor:
    """Maps (B, H, W) >= 0: the layer's maps, weighted by how much each raises the score, enlarged to the picture.

    images: float (B, 3, H, W) in [0, 1]; targets: int64 (B,). layer: a name of engine.anatomy, nothing takes the last
    maps. As coarse as that layer. Raises LookupError for an unknown layer, ValueError for one that puts out no maps.
    Source: Selvaraju et al., 2017, section 3.
    """
    maps = coarse(network, images, targets, layer)
    return F.interpolate(maps[:, None], images.shape[2:], mode="bilinear", align_corners=False)[:, 0]


def coarse(network: nn.Module, images: Tensor, targets: Tensor, layer: str = "") -> Tensor:
    """The maps at the layer's own size, (B, h, w)."""
    name = layer or last_maps(network, images)
    with torch.enable_grad():
        pixels = images.detach().clone().requires_grad_(True)  # gives the features a graph where weights are frozen
        features, scores = outputs(network, pixels, [name, ""]).values()  # "" is the network itself
        if features.ndim != 4:
            shape = tuple(features.shape)
            raise ValueError(f"layer '{name}' puts out {shape}, not maps (B, C, H, W); take an earlier one")
        gradients = torch.autograd.grad(chosen(scores, targets).sum(), features)[0]
    weights = gradients.mean((2, 3), keepdim=True)
    return (weights * features).sum(1).relu().detach()
