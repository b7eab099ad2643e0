"""Denoising autoencoder: three pixels in ten are hidden, and the whole picture is asked for (Vincent et al., 2008)."""

from functools import partial

from . import autoencode

build = partial(autoencode.build, model="autoencoder", spoil="masking", strength=0.3)
SUBJECT = autoencode.SUBJECT
