"""Look at tensors cheaply: a few thousand entries spread over them tell a mean or a norm well enough."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

FEW = 4096


def some(tensor: Tensor, n: int = FEW) -> Tensor:
    """At most about `n` entries spread evenly over a tensor, as float32 or float64 (M,). Nothing of it is kept."""
    tensor = tensor.detach()
    if tensor.is_sparse:
        tensor = tensor.coalesce().values()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    if tensor.numel() > n:
        stride = tensor.numel() // n | 1  # odd, so that it does not walk along one channel
        dense = tensor.is_contiguous() or (tensor.ndim == 4 and tensor.is_contiguous(memory_format=torch.channels_last))
        if dense:
            tensor = tensor.as_strided((-(-tensor.numel() // stride),), (stride,))
        else:
            tensor = tensor.reshape(-1)[::stride]
    tensor = tensor.reshape(-1)
    return tensor.clone() if tensor.dtype in (torch.float32, torch.float64) else tensor.float()


def first_tensor(found: Any) -> Tensor | None:
    """The first floating-point or whole-number tensor in nested tuples, lists, mappings or objects with a dict."""
    if isinstance(found, Tensor):
        return found
    if isinstance(found, Mapping):
        # What trainers call the scores, before whatever else an output holds.
        named = [found[name] for name in ("logits", "scores", "out", "output") if name in found]
        return next((t for value in (*named, *found.values()) if (t := first_tensor(value)) is not None), None)
    if isinstance(found, Iterable) and not isinstance(found, str | bytes | nn.Module):
        return next((t for value in found if (t := first_tensor(value)) is not None), None)
    return None


def unwrapped(module: nn.Module) -> nn.Module:
    """The model itself, without DataParallel, DistributedDataParallel or torch.compile around it."""
    while True:
        inner = getattr(module, "_orig_mod", None)  # torch.compile
        if inner is None and type(module).__name__ in (
            "DataParallel",
            "DistributedDataParallel",
            "FullyShardedDataParallel",
        ):
            inner = module.module
        if not isinstance(inner, nn.Module):
            return module
        module = inner


def rounded(value: float) -> float:
    """Four digits are enough for a chart, and keep its file small."""
    return float(f"{value:.4g}")


def remove(handles: list[RemovableHandle]) -> None:
    """Take hooks away, once."""
    while handles:
        handles.pop().remove()
