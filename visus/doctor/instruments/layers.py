"""What flows through the layers at a measured step: scales, zeros, saturation, what batch norms saw."""

import weakref
from typing import Any

import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor
from torch.utils.hooks import RemovableHandle

from ...engine.aside import is_aside
from .tensors import first_tensor, remove, rounded, some

ENTRIES = 16_384
DRIFT_EXAMPLES = 16  # and all their pixels, for a batch norm's statistics
FLAT = 0.97  # |tanh| above this, or a sigmoid nearer than 0.03 to 0 or 1, hardly passes a gradient


class Layers:
    """Hooks on the layers that hold weights, there only while a step is measured.

    learning_only: calls without a gradient, as to act between two steps, are not looked at.
    """

    def __init__(self, model: nn.Module, learning_only: bool = False) -> None:
        self.learning_only = learning_only
        self.layers = {
            name or type(module).__name__: module
            for name, module in model.named_modules()
            if any(True for _ in module.parameters(recurse=False)) or isinstance(module, NORMS)
        }
        self._handles: list[RemovableHandle] = []
        weakref.finalize(self, remove, self._handles)
        self._seen: dict[str, dict[str, Any]] = {}
        self._tensors: list[Tensor] = []

    def facts(self) -> list[dict[str, Any]]:
        """Name, kind and the settings that matter of each layer, in order of definition."""
        return [
            {
                "name": name,
                "kind": type(module).__name__,
                "norm": isinstance(module, NORMS),
                **({"momentum": module.momentum} if isinstance(module, NORMS) else {}),
            }
            for name, module in self.layers.items()
        ]

    def attach(self) -> None:
        self._seen = {}
        for name, module in self.layers.items():
            self._handles.append(module.register_forward_hook(_Hook(name, self._seen, self.learning_only)))

    def detach(self) -> None:
        remove(self._handles)

    def read(self) -> dict[str, dict[str, Any]]:
        """Take the hooks away; what they saw, in the order in which the layers ran. Numbers are fetched at once."""
        self.detach()
        names = list(self._seen)
        tensors = [self._seen[name]["figures"] for name in names]
        figures = torch.stack([t.to(tensors[0].device, torch.float32) for t in tensors]).tolist() if tensors else []
        found = {}
        for name, row in zip(names, figures, strict=True):
            keys = ("in_std", "in_zeros", "in_low", "in_high", "in_flat", "out_mean", "out_std", "finite", "drift")
            found[name] = {key: rounded(value) for key, value in zip(keys, row, strict=True)}
            found[name] |= {"batch": self._seen[name]["batch"], "training": self._seen[name]["training"]}
            found[name] |= {"untouched": True} if self._seen[name]["untouched"] else {}
        self._seen = {}
        return found


NORMS = (nn.modules.batchnorm._BatchNorm,)


class _Hook:
    """One layer's hook. A class, so that a copy of the model made for a trial carries no state of ours."""

    def __init__(self, name: str, seen: dict[str, dict[str, Any]], learning_only: bool = False) -> None:
        self.name, self.seen, self.learning_only = name, seen, learning_only

    def __deepcopy__(self, memo: Any) -> "_Hook":
        return _Hook(self.name, {})

    def __call__(self, module: nn.Module, args: Any, output: Any) -> None:
        if self.name in self.seen or is_aside():  # a shared module: its first use stands for it
            return
        if torch.is_grad_enabled() or not self.learning_only:
            self._look(module, args, output)

    @torch.no_grad()
    def _look(self, module: nn.Module, args: Any, output: Any) -> None:
        try:
            given, made = first_tensor(args), first_tensor(output)
            if given is None or made is None or not made.is_floating_point() or is_functorch_wrapped_tensor(made):
                return
            self.seen[self.name] = {
                "figures": _figures(module, given, made),
                "batch": len(made) if made.ndim else 1,
                "training": module.training,
                "untouched": _untouched(module),
            }
        except Exception:  # whatever a foreign module hands over, the user's training goes on
            return


def _untouched(module: nn.Module) -> bool:
    """A batch norm in evaluation mode whose running statistics are still those it was made with."""
    mean, var = getattr(module, "running_mean", None), getattr(module, "running_var", None)
    if module.training or not isinstance(module, NORMS) or mean is None or var is None:
        return False
    return bool((mean == 0).all()) and bool((var == 1).all())


def _figures(module: nn.Module, given: Tensor, made: Tensor) -> Tensor:
    """(9,): std, share of zeros, lowest, highest, share in the flat part of the input; mean, std, finite of the output;
    how far a batch norm's input is from its running statistics, in deviations.
    """
    x = some(given, ENTRIES) if given.is_floating_point() else torch.zeros(1, device=made.device)
    y = some(made, ENTRIES)
    low, high = x.min(), x.max()
    bounded = (high <= 1.0001) & (low >= -1.0001)
    symmetric = (x.abs() > FLAT).float().mean()
    one_sided = ((x > FLAT) | (x < 1 - FLAT)).float().mean()
    flat = torch.where(low < -0.01, symmetric, one_sided) * bounded
    drift = _drift(module, given) if isinstance(module, NORMS) else torch.zeros((), device=y.device)
    values = [x.std(correction=0), (x == 0).float().mean(), low, high, flat, y.mean(), y.std(correction=0)]
    values += [torch.isfinite(y).all().float(), drift]
    return torch.stack([value.float().to(y.device) for value in values])


def _drift(module: nn.Module, given: Tensor) -> Tensor:
    """Mean distance between the batch's statistics and the running ones, in running deviations; log-ratio of stds."""
    if getattr(module, "running_mean", None) is None or given.ndim < 2:
        return torch.zeros((), device=given.device)
    x = given.detach()[:DRIFT_EXAMPLES].float().transpose(0, 1).flatten(1)
    if x.shape[1] > 4096:
        x = x[:, :: x.shape[1] // 4096]
    running_mean, running_var = module.get_buffer("running_mean").float(), module.get_buffer("running_var").float()
    running_std = (running_var + 1e-5).sqrt()
    std = x.std(1, correction=0) + 1e-3
    shift = (x.mean(1) - running_mean).abs() / torch.maximum(running_std, std)
    return (shift + (std / (running_std + 1e-3)).log().abs()).mean()
