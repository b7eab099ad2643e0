"""PixelCNN of several scales, with short-cuts between them: far more likelihood for the same time than one scale.

After PixelCNN++ (Salimans et al., 2017), with plain rectified blocks where it has gated ones of concatenated ELUs.
"""

from ...data.canvas import Canvas
from ._convolutional import Convolutional, check
from ._heads import Head, Mixture, Softmax
from ._multiscale import MultiscaleTrunk


def build(
    canvas: Canvas,
    n_classes: int = 0,
    features: int = 32,
    blocks: int = 1,
    scales: int = 3,
    kernel: int = 7,
    hidden: int = 64,
    parts: int = 10,
    dropout: float = 0.0,
) -> Convolutional:
    """features: maps of both streams at the largest scale, twice and three times as many at the next ones. blocks: at
    each scale on either way. scales: 1 to 5, each half as large as the one before. kernel: side of the first layer's
    window in pixels, odd. hidden: maps between the two layers that tell. parts: logistics of a colour pixel's mixture;
    a grey pixel has a score for each level. dropout: probability to drop a value within a block.
    """
    check(kernel, features=features, blocks=blocks, scales=scales, hidden=hidden)
    if scales > 5:
        raise ValueError(f"scales must be at most 5, since each halves the picture; got {scales}")
    head: Head = Mixture(canvas, parts) if canvas.channels > 1 else Softmax(canvas)
    widths = [features * (1 + scale) for scale in range(scales)]
    trunk = MultiscaleTrunk(canvas.channels, n_classes, widths, blocks, kernel, dropout)
    return Convolutional(canvas, n_classes, head, trunk, hidden)
