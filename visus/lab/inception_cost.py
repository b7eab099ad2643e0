"""What do 1x1 convolutions save in an inception module?"""

from collections.abc import Sequence
from typing import Annotated

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from ..models.description import Description, describe
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, INK, ORANGE, draw, legend
from ..report.figures.chart import Chart
from ..report.wording import scaled
from ._exhibit import Exhibit, Table

LOOKS = ((1, 128), (3, 192), (5, 96))  # field and filters of the module that lectures take apart
NAMES = ("1x1", "3x3", "5x5", "pool")


class Module(nn.Module):
    """Looks of several sizes side by side: (B, C, H, W) -> (B, all their maps, H, W). narrow: maps of a bottleneck; 0:
    none, and the pooled maps go on as they are. Source: Szegedy et al., 2015, figure 2."""

    def __init__(self, channels: int, narrow: int) -> None:
        super().__init__()
        for (field, filters), name in zip(LOOKS, ("look1", "look3", "look5"), strict=True):
            first = [nn.Conv2d(channels, narrow, 1)] if narrow and field > 1 else []
            n_in = narrow if first else channels
            look = nn.Sequential(*first, nn.Conv2d(n_in, filters, field, padding=field // 2))
            self.add_module(name, look)
        pool = nn.MaxPool2d(3, 1, padding=1)
        self.pool = nn.Sequential(pool, nn.Conv2d(channels, narrow, 1)) if narrow else nn.Sequential(pool)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([look(x) for look in self.children()], 1)


def module(channels: int, narrow: int) -> Module:
    """A module on the meta device: shapes without weights."""
    with torch.device("meta"):
        return Module(channels, narrow)


def run(
    side: Annotated[int, Limits(1, 1024), About("of the maps, in pixels")] = 28,
    channels: Annotated[int, Limits(1, 4096), About("maps that come in")] = 256,
    narrow: Annotated[int, Limits(1, 4096), About("maps of the bottlenecks")] = 64,
) -> Exhibit:
    image = (channels, side, side)
    plain, thrifty = describe(module(channels, 0), image), describe(module(channels, narrow), image)
    depths = [depth(channels, 0), depth(channels, narrow)]
    by_look = [_by_look(plain), _by_look(thrifty)]
    findings = [
        (
            f"Side by side without bottlenecks the looks make {plain.macs:,} multiplications on {side} x {side} x "
            f"{channels} and put out {depths[0]} maps: pooling keeps all {channels}, so the depth can only grow."
        ),
        (
            f"With 1x1 convolutions to {narrow} maps before the large looks they make {thrifty.macs:,}, "
            f"{plain.macs / thrifty.macs:.1f} times fewer, and put out {depths[1]} maps."
        ),
        f"Most is saved at 5x5: {scaled(by_look[0][2])} become {scaled(by_look[1][2])}.",
    ]
    if image == (256, 28, 28) and narrow == 64:
        findings.append("Lecture slides print 358 M for the second module: they count its 3x3 look twice.")
    chart = Chart(
        "Multiplications of each look",
        draw(lambda figure: _paint(figure, by_look), 220),
        "The 1x1 convolution before a look is counted with it.",
    )
    rows = [
        [name, f"{a:,}", f"{b:,}"] for name, a, b in zip((*NAMES, "all"), *(_total(c) for c in by_look), strict=True)
    ]
    rows.append(["parameters", f"{plain.parameters:,}", f"{thrifty.parameters:,}"])
    data = {"naive": plain.macs, "bottleneck": thrifty.macs, "depths": depths}
    tables = [Table("Multiplications", ["look", "without bottlenecks", "with"], rows)]
    return Exhibit("The price of an inception module", findings, [chart], tables=tables, data=data)


def depth(channels: int, narrow: int) -> int:
    """Maps that a module puts out."""
    return sum(filters for _, filters in LOOKS) + (narrow or channels)


def _by_look(found: Description) -> list[int]:
    names = ("look1", "look3", "look5", "pool")
    return [sum(layer.macs for layer in found.layers if layer.name.startswith(name)) for name in names]


def _total(counts: Sequence[int]) -> list[int]:
    return [*counts, sum(counts)]


def _paint(figure: Figure, counts: Sequence[Sequence[int]]) -> None:
    axes = figure.add_subplot()
    axes.grid(False)
    for offset, row, name, colour in ((0.2, 0, "without", ORANGE), (-0.2, 1, "with bottlenecks", BLUE)):
        places = [3 - i + offset for i in range(4)]
        axes.barh(places, counts[row], 0.36, color=colour, label=name)
        for place, count in zip(places, counts[row], strict=True):
            axes.annotate(scaled(count), (count, place), (4, 0), textcoords="offset points", va="center", color=INK)
    axes.set_yticks(range(4), NAMES[::-1], color=INK)
    axes.set(xticks=[], xlim=(0, 1.18 * max(max(row) for row in counts)))
    axes.spines["bottom"].set_visible(False)
    legend(axes, columns=2)
