"""Gated PixelCNN: two stacks of gated convolutions, which see all that stands before (van den Oord et al., 2016b).

Differs from the paper: 3 x 3 windows behind the first layer, which costs half as much as 5 x 5.
"""

from ...data.canvas import Canvas
from ._convolutional import Convolutional, check, shared
from ._gated import GatedTrunk
from ._heads import Softmax


def build(
    canvas: Canvas,
    n_classes: int = 0,
    features: int = 32,
    layers: int = 8,
    kernel: int = 7,
    hidden: int = 128,
    dropout: float = 0.0,
) -> Convolutional:
    """features: maps of each stack, shared out among the colours. layers: gated layers of both stacks. kernel: side of
    the first layer's window in pixels, odd. hidden: maps between the two layers that tell. dropout: probability to drop
    a value behind a gate.
    """
    check(kernel, features=features, layers=layers, hidden=hidden)
    head = Softmax(canvas)
    features, hidden = shared(features, head.n_colours), shared(hidden, head.n_colours)
    trunk = GatedTrunk(canvas.channels, head.n_colours, n_classes, features, layers, kernel, dropout)
    return Convolutional(canvas, n_classes, head, trunk, hidden)
