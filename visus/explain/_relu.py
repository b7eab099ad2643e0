"""Another backward pass for every ReLU of a network: in modules, as functions, in place, or used several times.

Hooks on modules miss functional and reused ReLUs and break on in-place ones (captum issues 199, 1082). Here the calls
themselves are replaced while a forward pass runs, so it does not matter how the network's author wrote them.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

Rule = Callable[[Tensor, Tensor], Tensor]  # (gradient of the output, where the input was positive) -> of the input

NEW = (F.relu, torch.relu, Tensor.relu)
IN_PLACE = (F.relu_, torch.relu_, Tensor.relu_)


class _Rectify(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, rule: Rule) -> Tensor:
        ctx.rule = rule
        ctx.save_for_backward(x > 0)  # not x itself: an in-place ReLU overwrites it
        return x.clamp_min(0)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return ctx.rule(gradients[0], *ctx.saved_tensors), None


class ReluBackward(TorchFunctionMode):
    """Within this context every ReLU passes its gradient back by `rule`. seen: how many ReLUs were called."""

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self.rule, self.seen = rule, 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func not in NEW and func not in IN_PLACE:
            return func(*args, **kwargs)
        x = args[0] if args else kwargs["input"]
        in_place = func in IN_PLACE or (func is F.relu and (kwargs.get("inplace") or args[1:] == (True,)))
        self.seen += 1
        rectified: Tensor = _Rectify.apply(x, self.rule)  # type: ignore[no-untyped-call]
        return x.copy_(rectified) if in_place else rectified
