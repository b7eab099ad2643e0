"""At how many places does a filter stand, and what does a layer of them cost?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn
from torch.nn import functional as F

from ..geometry.arithmetic import conv_macs, conv_output, conv_parameters, receptive_fields, summed
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, MUTED, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table

CASES = (  # what, size, field, stride, padding
    ("7 px, 3x3", 7, 3, 1, 0),
    ("7 px, 3x3, stride 2", 7, 3, 2, 0),
    ("7 px, 3x3, stride 3", 7, 3, 3, 0),
    ("32 px, 5x5, padding 2", 32, 5, 1, 2),
    ("AlexNet's first, 227 px", 227, 11, 4, 0),
    ("as printed, 224 px", 224, 11, 4, 0),
    ("pooling 2x2 of 224 px", 224, 2, 2, 0),
)
LAYERS = 4  # of the chain whose view is measured


def run(
    size: Annotated[int, Limits(1, 10_000), About("side of the input in pixels")] = 32,
    field: Annotated[int, Limits(1, 100), About("side of a filter")] = 3,
    channels: Annotated[int, Limits(1, 4096), About("maps that come in")] = 3,
    filters: Annotated[int, Limits(1, 4096), About("maps that go out")] = 10,
) -> Exhibit:
    rows = [[what, summed(n, f, s, p), _verdict(n, f, s, p)] for what, n, f, s, p in CASES]
    weights = conv_parameters(field, channels, filters)
    places = conv_output(size, field, whole=False) ** 2
    work = conv_macs(field, channels, filters, places)
    plain, dilated = measured_fields(dilations=[1] * LAYERS), measured_fields(dilations=[2**i for i in range(LAYERS)])
    findings = [
        "AlexNet's first layer: " + summed(227, 11, 4) + "; with the 224 pixels the paper prints it does not come out.",
        (
            f"{filters} filters of {field} x {field} x {channels} have {weights:,} parameters, whatever the size of "
            f"the picture, and make {work:,} multiplications on {size} x {size} px."
        ),
        f"A 1x1 convolution is a linear layer at every pixel: largest difference {one_by_one():.1e}.",
        (
            f"Of a chain of {LAYERS} 3x3 layers, one value sees {', '.join(map(str, plain))} px (measured by its "
            f"gradient, as computed: {', '.join(map(str, receptive_fields([(3, 1)] * LAYERS)))})."
        ),
        f"Dilated by 1, 2, 4 and 8 they see {', '.join(map(str, dilated))} px, with as many parameters.",
    ]
    chart = Chart(
        f"Places of a {field} px window",
        draw(lambda figure: _paint(figure, size, field), 240),
        "A dot is a size at which the sum is whole; between the dots the last pixels are not looked at.",
    )
    tables = [Table("(size - field + 2 padding) / stride + 1", ["case", "sum", ""], rows)]
    data = {"parameters": weights, "fields": plain, "dilated_fields": dilated, "sums": [row[1] for row in rows]}
    return Exhibit("The arithmetic of convolutions", findings, [chart], tables=tables, data=data)


def measured_fields(dilations: list[int], side: int = 41) -> list[int]:
    """The pixels along a row that the middle value depends on behind each 3x3 layer: where its gradient is not 0."""
    image = torch.zeros(1, 1, side, side, requires_grad=True)
    x, found = image, []
    for dilation in dilations:
        x = F.conv2d(x, torch.ones(1, 1, 3, 3), padding=dilation, dilation=dilation)
        (gradient,) = torch.autograd.grad(x[0, 0, side // 2, side // 2], image, retain_graph=True)
        touched = gradient[0, 0].abs().amax(0).nonzero()
        found.append(int(touched.max() - touched.min()) + 1)
    return found


@torch.no_grad()
def one_by_one() -> float:
    """The largest difference between a 1x1 convolution and the linear layer of its weights at every pixel."""
    torch.manual_seed(0)
    conv, x = nn.Conv2d(8, 5, 1), torch.randn(2, 8, 6, 6)
    linear = F.linear(x.permute(0, 2, 3, 1), conv.weight[:, :, 0, 0], conv.bias).permute(0, 3, 1, 2)
    return float((conv(x) - linear).abs().max())


def _verdict(size: int, field: int, stride: int, padding: int) -> str:
    try:
        conv_output(size, field, stride, padding)
        return "whole"
    except ValueError as error:
        return str(error).partition("; ")[2]


def _paint(figure: Figure, size: int, field: int) -> None:
    axes = figure.add_subplot()
    sizes = np.arange(max(field, size // 2), max(field + 8, size) + 1)
    for stride, colour in ((1, BLUE), (2, ORANGE), (3, GREEN)):
        places = (sizes - field) / stride + 1
        whole = (sizes - field) % stride == 0
        axes.plot(sizes, places, color=colour, linewidth=0.8, alpha=0.5)
        axes.plot(sizes[whole], places[whole], "o", ms=3.5, color=colour, label=f"stride {stride}")
    axes.axvline(size, color=MUTED, linewidth=0.8)
    scale(axes, "x", log=False)
    axes.set(xlabel="side of the input in pixels", ylabel="places")
    legend(axes)
