"""The first GAN's networks: hidden linear layers, ReLU in the generator (Goodfellow et al., 2014).

Differs from the paper: the critic's units are leaky ReLUs instead of maxout, and inputs lie between -1 and 1.
"""

from itertools import pairwise

from torch import nn

from ...data.canvas import Canvas
from ...layers.spectral import SpectralLinear, begin
from ._pair import Critic, Generator, Pair

LEAK = 0.2


def build(
    canvas: Canvas,
    n_classes: int = 0,
    latents: int = 64,
    hidden: int = 256,
    depth: int = 2,
    dropout: float = 0.0,
    spectral: bool = False,
) -> Pair:
    """latents: numbers of a point z. hidden: units of a layer. depth: hidden layers of each network. dropout: in the
    critic, as the paper has it, with 0.5. spectral: divide the critic's weights by their largest singular values.

    Raises ValueError for numbers below 1.
    """
    if min(latents, hidden, depth) < 1:
        raise ValueError(
            f"latents, hidden and depth must be at least 1; got latents={latents}, hidden={hidden}, depth={depth}"
        )
    linear = SpectralLinear if spectral else nn.Linear
    widths, paint, see = [latents + n_classes, *[hidden] * depth], list[nn.Module](), list[nn.Module]([nn.Flatten()])
    for n_in, n_out in pairwise(widths):
        paint += [nn.Linear(n_in, n_out), nn.ReLU()]
    paint += [nn.Linear(hidden, canvas.values), nn.Tanh(), nn.Unflatten(1, canvas.image)]
    for n_in in [canvas.values, *[hidden] * (depth - 1)]:
        see += [linear(n_in, hidden), nn.LeakyReLU(LEAK), nn.Dropout(dropout)]
    pair = Pair(
        Generator(canvas, n_classes, latents, nn.Sequential(*paint)),
        Critic(nn.Sequential(*see), hidden, n_classes, spectral),
    )
    begin(pair)
    return pair
