"""Binarised MNIST by a PixelCNN of several scales: each pixel black or white by its brightness, anew in every epoch."""

from functools import partial

from . import autoregress

build = partial(
    autoregress.build,
    data="mnist",
    levels=2,
    model="multiscale_pixelcnn",
    lr=3e-3,
    schedule="one_cycle",
    batch=64,
    average=0.998,
    epochs=8,
)
SUBJECT = autoregress.SUBJECT
