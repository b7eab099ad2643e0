"""Binarised MNIST by a gated PixelCNN: each pixel black or white by its brightness, drawn anew in every epoch."""

from functools import partial

from . import autoregress

build = partial(
    autoregress.build,
    data="mnist",
    levels=2,
    model="gated_pixelcnn",
    features=32,
    layers=6,
    hidden=64,
    batch=32,
    lr=3e-3,
    epochs=15,
)
SUBJECT = autoregress.SUBJECT
