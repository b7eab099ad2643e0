"""PixelCNN: residual blocks of masked convolutions, one score a level (van den Oord et al., 2016a).

It has a blind spot, above to the right, which its gated successor has not.
"""

from ...data.canvas import Canvas
from ._convolutional import Convolutional, check, shared
from ._heads import Softmax
from ._residual import ResidualTrunk


def build(
    canvas: Canvas,
    n_classes: int = 0,
    features: int = 64,
    layers: int = 12,
    kernel: int = 7,
    hidden: int = 64,
    dropout: float = 0.0,
) -> Convolutional:
    """features: maps between the blocks, twice as many as inside them, shared out among the colours. layers: residual
    blocks. kernel: side of the first layer's window in pixels, odd. hidden: maps between the two layers that tell.
    dropout: probability to drop a value behind a block's window.
    """
    check(kernel, features=features, layers=layers, hidden=hidden)
    head = Softmax(canvas)
    features, hidden = shared(features, 2 * head.n_colours), shared(hidden, head.n_colours)
    trunk = ResidualTrunk(canvas.channels, head.n_colours, n_classes, features, layers, kernel, dropout)
    return Convolutional(canvas, n_classes, head, trunk, hidden)
