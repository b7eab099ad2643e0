"""Batch normalisation that stays as it was: for batches of one or two pictures, whose own statistics say nothing."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from .norms import groups

Normalised = Literal["batch", "frozen", "group"]


class FrozenBatchNorm2d(nn.Module):
    """(B, C, H, W) -> the same, scaled and shifted by statistics and weights that nothing changes.

    Its names are torchvision's: weight, bias, running_mean, running_var; a batch norm's file can be loaded into it.
    """

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, num_features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        for name, values in (("weight", torch.ones), ("bias", torch.zeros)):
            self.register_buffer(name, values(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_load_state_dict_pre_hook(_without_counter)  # type: ignore[no-untyped-call]  # torch lacks types

    def forward(self, x: Tensor) -> Tensor:
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        shift = self.bias - self.running_mean * scale
        return x * scale.to(x.dtype).view(1, -1, 1, 1) + shift.to(x.dtype).view(1, -1, 1, 1)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, eps={self.eps:g}"


def renormalise(network: nn.Module, how: Normalised) -> None:
    """Put frozen or group normalisation in place of every batch normalisation of pictures; 'batch' changes nothing.

    Frozen ones keep scale, shift and statistics; those of groups keep scale and shift. Raises ValueError for another
    name. Source: Wu and He, 2018, for groups.
    """
    known: dict[str, Callable[[nn.BatchNorm2d], nn.Module]] = {
        "batch": lambda norm: norm,
        "frozen": _frozen,
        "group": _grouped,
    }
    if how not in known:
        raise ValueError(f"norm must be one of {', '.join(known)}; got '{how}'")
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, known[how](child))


def _frozen(norm: nn.BatchNorm2d) -> nn.Module:
    frozen = FrozenBatchNorm2d(norm.num_features, norm.eps)
    frozen.load_state_dict(norm.state_dict())
    return frozen.to(norm.weight.device)


def _grouped(norm: nn.BatchNorm2d) -> nn.Module:
    grouped = nn.GroupNorm(groups(norm.num_features), norm.num_features, norm.eps)
    grouped.load_state_dict({"weight": norm.weight, "bias": norm.bias})
    return grouped.to(norm.weight.device)


def _without_counter(module: nn.Module, state: dict[str, Tensor], prefix: str, *_: object) -> None:
    """A batch norm also counts its batches."""
    state.pop(f"{prefix}num_batches_tracked", None)
