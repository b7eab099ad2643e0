"""A 3x3 convolution that also learns fast from small maps: its weight gradient looks at several pictures side by side.

CPU kernels work along the width of a map. On maps of 7 or 3 pixels most of each vector is padding, and the gradient of
the weights takes several times as long as the other two products; on a row of pictures with a column of zeros between
them the same sums are taken, over wide maps. Forward and backward together, in bfloat16, 256 to 256 channels, 2 cores:
1.4 times as fast on 7 x 7, 2.2 times on 3 x 3 (`benchmarks/narrow.py`).
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

NARROW = 8  # widest map, in pixels, for which the detour pays
WIDE = 64  # pixels that a row of pictures is to have, at least half of it

_backward = torch.ops.aten.convolution_backward


class Conv3x3(nn.Conv2d):
    """3x3, stride 1, padding 1: (B, C, H, W) -> (B, n_out, H, W); the same numbers as `nn.Conv2d`.

    Without bias: the batch norm that follows would cancel it.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[3] > NARROW or not _pays(x) or not torch.is_grad_enabled():
            return super().forward(x)
        return _Narrow.apply(x, self.weight)  # type: ignore[no-untyped-call]


def _pays(x: Tensor) -> bool:
    """Only oneDNN's bfloat16 kernels gain; float32, a GPU and meta tensors go the usual way."""
    if x.device.type != "cpu":
        return False
    return (torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype) == torch.bfloat16


class _Narrow(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.kind = weight.dtype
        x, weight = x.to(torch.bfloat16), weight.to(torch.bfloat16)
        ctx.save_for_backward(x, weight)
        return F.conv2d(x, weight, padding=1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        upstream = upstream.contiguous(memory_format=torch.channels_last)
        of_x = of_weight = None
        if ctx.needs_input_grad[0]:
            of_x = _gradients(upstream, x, weight, [True, False, False])[0]
        if ctx.needs_input_grad[1]:
            n = beside(*x.shape[::3])
            of_weight = _gradients(in_rows(upstream, n), in_rows(x, n), weight, [False, True, False])[1].to(ctx.kind)
        return of_x, of_weight


def _gradients(upstream: Tensor, x: Tensor, weight: Tensor, wanted: list[bool]) -> tuple[Tensor, Tensor, Tensor]:
    found: tuple[Tensor, Tensor, Tensor] = _backward(
        upstream, x, weight, None, (1, 1), (1, 1), (1, 1), False, (0, 0), 1, wanted
    )
    return found


def beside(n_pictures: int, width: int) -> int:
    """How many pictures of so many pixels stand in a row: a divisor of their number, for a row of about WIDE pixels."""
    most = max(1, WIDE // (width + 1))
    return next(n for n in range(most, 0, -1) if n_pictures % n == 0)


def in_rows(maps: Tensor, n: int) -> Tensor:
    """(B, C, H, W) -> (B / n, C, H, n * (W + 1)): n pictures in a row, a column of zeros after each; channels last."""
    B, C, H, W = maps.shape
    rows = maps.new_zeros(B // n, H, n, W + 1, C)
    rows[:, :, :, :W] = maps.permute(0, 2, 3, 1).reshape(B // n, n, H, W, C).transpose(1, 2)
    return rows.view(B // n, H, n * (W + 1), C).permute(0, 3, 1, 2)
