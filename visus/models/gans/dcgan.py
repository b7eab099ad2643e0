"""DCGAN: strided convolutions down, transposed ones up, and batch normalisation between (Radford et al., 2015).

Its rules: no pooling, no hidden linear layers, batch norm but in the generator's last and the critic's first layer,
ReLU and tanh in the generator, leaky ReLU in the critic. Differs from the paper: it draws pictures of any size, the
coarsest map being of 3 to 5 pixels at its shorter side, as sides are halved; its maps are fewer.
"""

from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

from ...data.canvas import Canvas
from ...layers.spectral import SpectralConv2d, begin
from ._pair import Critic, Generator, Pair, start

COARSEST = 3  # pixels of a side below which a map is not halved: of 28 it is 4, or the critic would see no whole digit
LEAK = 0.2
WIDEST = 8  # times the finest maps' number
Norm = Literal["batch", "layer", "none"]


class Cut(nn.Module):
    """(B, C, H, W) -> its upper left (B, C, height, width): a side of odd length was enlarged to one more."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.height, self.width = height, width

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, : self.height, : self.width]


def sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes of the maps from the picture's down to the coarsest, each half of the one before, rounded up."""
    found = [(height, width)]
    while min(found[-1]) >= 2 * COARSEST:
        found.append((-(-found[-1][0] // 2), -(-found[-1][1] // 2)))
    return found


def generator(canvas: Canvas, n_in: int, width: int) -> nn.Sequential:
    """z (B, n_in) -> pictures (B, C, H, W) in [-1, 1]."""
    maps = sizes(canvas.height, canvas.width)
    widths = [canvas.channels, *(width * min(WIDEST, 2**level) for level in range(len(maps) - 1))]
    height, across = maps[-1]
    layers: list[nn.Module] = [
        nn.Linear(n_in, widths[-1] * height * across, bias=False),  # bias off: the batch norm would cancel it
        nn.Unflatten(1, (widths[-1], height, across)),
    ]
    for level in range(len(maps) - 1, 0, -1):
        layers += [nn.BatchNorm2d(widths[level]), nn.ReLU()]
        layers.append(nn.ConvTranspose2d(widths[level], widths[level - 1], 4, 2, 1, bias=level == 1))
        if (2 * maps[level][0], 2 * maps[level][1]) != maps[level - 1]:
            layers.append(Cut(*maps[level - 1]))
    return nn.Sequential(*layers, nn.Tanh())


def eye(canvas: Canvas, width: int, norm: Norm, spectral: bool) -> tuple[nn.Sequential, int]:
    """Pictures (B, C, H, W) -> features (B, D), and D."""
    maps, convolution = sizes(canvas.height, canvas.width), SpectralConv2d if spectral else nn.Conv2d
    widths = [canvas.channels, *(width * min(WIDEST, 2**level) for level in range(len(maps) - 1))]
    layers: list[nn.Module] = []
    for level, (n_in, n_out) in enumerate(pairwise(widths)):
        between = {"batch": nn.BatchNorm2d(n_out), "layer": nn.GroupNorm(1, n_out)}.get(norm) if level else None
        uneven = (maps[level][0] % 2, maps[level][1] % 2)
        # a side of odd length gets one more row of zeros, so that the maps are those of the generator
        layers += [nn.ZeroPad2d((0, uneven[1], 0, uneven[0]))] if any(uneven) else []
        layers.append(convolution(n_in, n_out, 4, 2, 1, bias=between is None or norm == "layer"))
        layers += [between] if between else []
        layers.append(nn.LeakyReLU(LEAK))
    height, across = maps[-1]
    return nn.Sequential(*layers, nn.Flatten()), widths[-1] * height * across


def build(
    canvas: Canvas,
    n_classes: int = 0,
    latents: int = 64,
    width: int = 32,
    norm: Norm = "batch",
    spectral: bool = False,
) -> Pair:
    """latents: numbers of a point z. width: maps at half the picture's side, doubled at each coarser size, at most
    eightfold; the paper's is 128. norm: in the critic; "batch" does not go with a gradient penalty, which is about
    single pictures. spectral: divide the critic's weights by their largest singular values.

    Raises ValueError for pictures of less than 6 pixels a side, and numbers below 1.
    """
    if min(canvas.height, canvas.width) < 2 * COARSEST:
        raise ValueError(
            f"dcgan needs pictures of at least {2 * COARSEST} pixels a side and these are {canvas.height} x "
            f"{canvas.width}; take model=mlp"
        )
    if latents < 1 or width < 1:
        raise ValueError(f"latents and width must be at least 1; got latents={latents}, width={width}")
    see, features = eye(canvas, width, norm, spectral)
    pair = Pair(
        Generator(canvas, n_classes, latents, generator(canvas, latents + n_classes, width)),
        Critic(see, features, n_classes, spectral),
    )
    start(pair)
    begin(pair)
    return pair
