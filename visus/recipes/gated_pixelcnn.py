"""Gated PixelCNN, two stacks without a blind spot, on any pictures (van den Oord et al., 2016b)."""

from functools import partial

from . import autoregress

build = partial(autoregress.build, model="gated_pixelcnn")
SUBJECT = autoregress.SUBJECT
