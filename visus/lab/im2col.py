"""How does a convolution become one matrix product, and what is its gradient?"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from ..geometry.arithmetic import conv_output
from ..geometry.columns import col2im, conv_backward, conv_by_matrix, im2col
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, draw, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table

ALEXNET = (227, 3, 11, 4, 96)  # side, channels, field, stride, filters of its first layer
REPEATS = 3  # the quickest counts: whatever else the machine does only slows
QUICK = {"side": 8, "channels": 2, "filters": 3, "batch": 2}


def run(
    side: Annotated[int, Limits(3, 256), About("of the pictures, in pixels")] = 32,
    channels: Annotated[int, Limits(1, 256), About("maps that come in")] = 16,
    filters: Annotated[int, Limits(1, 256), About("maps that go out")] = 32,
    field: Annotated[int, Limits(1, 11), About("side of a filter, odd")] = 3,
    batch: Annotated[int, Limits(1, 256), About("pictures")] = 16,
    seed: Annotated[int, Limits(0), About("of pictures and filters")] = 0,
) -> Exhibit:
    if field % 2 == 0 or field > side:
        raise ValueError(f"field must be odd and at most side={side}, so that the size is kept; got {field}")
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(batch, channels, side, side, generator=generator, dtype=torch.float64)
    weight = torch.randn(filters, channels, field, field, generator=generator, dtype=torch.float64)
    padding = field // 2
    off = _check(images, weight, padding)
    of_product = _seconds(lambda: conv_by_matrix(images, weight, None, 1, padding))
    of_torch = _seconds(lambda: F.conv2d(images, weight, padding=padding))
    seconds = {"im2col, then one product": of_product, "torch's convolution": of_torch}
    columns = im2col(images[:1], field, 1, padding)
    n, C, F_, S, K = ALEXNET
    places = conv_output(n, F_, S) ** 2
    larger = columns.numel() / images[0].numel()
    findings = [
        (
            f"AlexNet's first layer: the windows as columns are {F_ * F_ * C} x {places}, the filters as rows {K} x "
            f"{F_ * F_ * C}, their product {K} x {places}."
        ),
        f"Filters times columns is the convolution: largest difference from torch's {off.forward:.1e}.",
        f"The matrix holds {larger:.1f} values for each of the picture's: a pixel is copied into each window over it.",
        (
            f"col2im adds the copies up: of a matrix of ones it counts the windows over each pixel, {off.fewest} in a "
            f"corner and {off.most} inside; and it is the gradient of im2col ({off.adjoint:.1e} off)."
        ),
        (
            f"The gradient by the input is a convolution of the upstream gradient with the filters turned by 180 "
            f"degrees: largest difference from autograd {off.backward:.1e}."
        ),
        f"Here the product took {_milliseconds(of_product)} and torch's own convolution {_milliseconds(of_torch)}.",
    ]
    chart = Chart(
        "Windows over each pixel of a row",
        draw(lambda figure: _paint(figure, off.row), 200),
        "How many windows hold each pixel of the middle row: as often it is copied.",
    )
    rows = [[name, _milliseconds(s)] for name, s in seconds.items()]
    tables = [Table(f"{batch} pictures of {side} x {side} x {channels}, {filters} filters", ["way", "time"], rows)]
    data = {"columns": list(columns.shape[1:]), "copies": larger, "seconds": seconds}
    return Exhibit("Convolution as a matrix product", findings, [chart], tables=tables, data=data)


@dataclass(frozen=True)
class _Check:
    """Largest differences from torch's answers, and how many windows lie over each pixel of the middle row."""

    forward: float
    backward: float
    adjoint: float
    fewest: int
    most: int
    row: Sequence[float]


def _check(images: Tensor, weight: Tensor, padding: int) -> _Check:
    field, size = weight.shape[2], (images.shape[2], images.shape[3])
    images = images.detach().clone().requires_grad_()
    out = F.conv2d(images, weight, padding=padding)
    upstream = torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view_as(out)
    (expected,) = torch.autograd.grad(out, images, upstream)
    columns = im2col(images, field, 1, padding)
    back = torch.linspace(1, 2, columns.numel(), dtype=out.dtype).view_as(columns)
    (through,) = torch.autograd.grad(columns, images, back)
    counts = col2im(torch.ones_like(columns[:1].detach()), size, field, 1, padding)[0, 0]
    return _Check(
        forward=float((conv_by_matrix(images, weight, None, 1, padding) - out).detach().abs().max()),
        backward=float((conv_backward(upstream, weight, padding) - expected).abs().max()),
        adjoint=float((col2im(back, size, field, 1, padding) - through).abs().max()),
        fewest=int(counts.min()),
        most=int(counts.max()),
        row=counts[counts.shape[0] // 2].tolist(),
    )


def _seconds(work: Callable[[], Tensor]) -> float:
    """The shortest of a few times."""
    found = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found)


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.2g} ms"


def _paint(figure: Figure, counts: Sequence[float]) -> None:
    axes = figure.add_subplot()
    axes.bar(range(len(counts)), counts, 0.9, color=BLUE)
    axes.set(xlabel="pixel", ylabel="windows", xlim=(-0.6, len(counts) - 0.4))
    scale(axes, "y", log=False)
