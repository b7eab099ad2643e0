"""PixelCNN, residual blocks of masked convolutions, on any pictures (van den Oord et al., 2016a)."""

from functools import partial

from . import autoregress

build = partial(autoregress.build, model="pixelcnn")
SUBJECT = autoregress.SUBJECT
