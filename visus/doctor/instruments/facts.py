"""What is known of a network before its first step, and does not change."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from ..chart import Chart
from . import filters
from .tensors import rounded

DROPOUT = (nn.modules.dropout._DropoutNd,)
NORMS = (nn.modules.batchnorm._BatchNorm,)


def of(model: nn.Module, chart: Chart, compiled: bool) -> dict[str, Any]:
    """Tensors, kinds of modules, dropout, norms: plain numbers. What cannot be had is told to the chart."""
    parameters = dict(model.named_parameters())
    if not parameters:
        chart.cannot("weights and gradients", "the model has no parameters")
    modules = list(model.modules())
    return {
        "model": type(model).__name__,
        "tensors": {
            name: {
                "shape": list(p.shape),
                "std": rounded(float(p.detach().float().std(correction=0)))
                if p.is_floating_point() and p.numel()
                else 0.0,
                "mean": rounded(float(p.detach().float().mean())) if p.is_floating_point() and p.numel() else 0.0,
                "rows_alike": _rows_alike(p),
                "fresh": _fresh(p),
                "trained": p.requires_grad,
            }
            for name, p in parameters.items()
        },
        "types": {name: sum(type(m).__name__ == name for m in modules) for name in {type(m).__name__ for m in modules}},
        "dropout": max((float(m.p) for m in modules if isinstance(m, DROPOUT)), default=0.0),
        "dropouts": {n: float(m.p) for n, m in model.named_modules() if isinstance(m, DROPOUT)},
        "norms": sum(isinstance(m, NORMS) for m in modules),
        "filters": filters.measure(model),
        "nonlinear": _nonlinear(modules),
        "compiled": compiled,
        "half": sorted({str(p.dtype).removeprefix("torch.") for p in parameters.values()} - {"float32"}),
    }


def _rows_alike(p: Tensor) -> bool:
    """Whether all units of a weight tensor start the same, so that they stay the same."""
    if p.ndim < 2 or len(p) < 2 or not p.is_floating_point() or p.is_sparse:
        return False
    return bool((p.detach()[:1] == p.detach()).all())


def _fresh(p: Tensor) -> bool:
    """Whether a weight tensor has the spread of a usual random start: torch's default, He's or Glorot's."""
    if p.ndim < 2 or not p.is_floating_point() or p.is_sparse or p.numel() < 64:
        return False
    std, fan_in, fan_out = float(p.detach().float().std()), p[0].numel(), p.numel() // p.shape[1]
    usual = (1 / (3 * fan_in), 2 / fan_in, 2 / fan_out, 2 / (fan_in + fan_out), 1 / fan_in)
    # The estimate of a spread from n entries is off by about 1 / sqrt(2 n) itself.
    return any(abs(std / variance**0.5 - 1) < 0.01 + 2 / p.numel() ** 0.5 for variance in usual)


def _nonlinear(modules: Sequence[nn.Module]) -> int:
    """How many modules are non-linear; functions called in a forward pass are not seen."""
    home = ("torch.nn.modules.activation", "torch.nn.modules.pooling", "torch.nn.modules.rnn")
    return sum(
        type(m).__module__ in home and not type(m).__name__.startswith(("AvgPool", "AdaptiveAvg")) for m in modules
    )
