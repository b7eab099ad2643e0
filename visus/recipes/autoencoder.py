"""Autoencoder: any pictures through 32 numbers and back, by the smallest squared error."""

from functools import partial

from . import autoencode

build = partial(autoencode.build, model="autoencoder")
SUBJECT = autoencode.SUBJECT
