"""How rough the first filters are: near 0 where smooth, about 1 where neighbours are unrelated, as they are drawn."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from .tensors import rounded

SMALLEST = 5  # taps a side; of a 3x3 filter most taps are neighbours of its border, which says nothing


@torch.no_grad()
def measure(model: nn.Module) -> dict[str, Any]:
    """{'layer', 'rough'} of the first convolution over pictures; {} if there is none or its filters are too small."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            if is_lazy(module.weight) or min(module.kernel_size) < SMALLEST:
                return {}
            rough = roughness(module.weight)
            typical = rough[torch.isfinite(rough)]
            return {"layer": name, "rough": rounded(float(typical.median()))} if len(typical) else {}
    return {}


def look(model: nn.Module, start: Mapping[str, Any]) -> dict[str, Any]:
    """{'layer', 'start', 'now'}, where `start` is what `measure` gave before the first step; {} without it."""
    now = measure(model)
    if not now or start.get("layer") != now["layer"]:
        return {}
    return {"layer": now["layer"], "start": start["rough"], "now": now["rough"]}


def roughness(weight: Tensor) -> Tensor:
    """(C_out, C_in, H, W) -> (C_out,): mean squared difference of neighbouring taps over twice their variance.

    About 1 for independent taps, whatever their scale; NaN for a filter whose taps are all equal.
    """
    w = weight.detach().double()
    spread = w.var((2, 3), correction=1).mean(1)  # (C_out,), within each plane: a filter's mean is no roughness
    down, across = w.diff(dim=2).square().mean((1, 2, 3)), w.diff(dim=3).square().mean((1, 2, 3))
    flat = spread <= 1e-12 * w.square().mean((1, 2, 3)).clamp_min(1e-300)
    return torch.where(flat, torch.nan, (down + across) / 2 / (2 * spread))
