"""PixelCNN with a mixture of logistics at its end, which knows that levels are in order (Salimans et al., 2017).

A hundred numbers a pixel instead of 768, and a byte that was never seen is as likely as its neighbours. Differs from
PixelCNN++: the gated stacks of van den Oord et al., 2016b, at one resolution, instead of a network that goes down and
up again.
"""

from ...data.canvas import Canvas
from ._convolutional import Convolutional, check
from ._gated import GatedTrunk
from ._heads import Mixture


def build(
    canvas: Canvas,
    n_classes: int = 0,
    features: int = 64,
    layers: int = 8,
    kernel: int = 5,
    hidden: int = 128,
    parts: int = 10,
    dropout: float = 0.0,
) -> Convolutional:
    """features: maps of each stack. layers: gated layers of both stacks. kernel: side of the first layer's window in
    pixels, odd. hidden: maps between the two layers that tell. parts: logistics of the mixture. dropout: probability to
    drop a value behind a gate.
    """
    check(kernel, features=features, layers=layers, hidden=hidden, parts=parts)
    head = Mixture(canvas, parts)
    trunk = GatedTrunk(canvas.channels, head.n_colours, n_classes, features, layers, kernel, dropout)
    return Convolutional(canvas, n_classes, head, trunk, hidden)
