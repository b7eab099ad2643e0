"""PixelRNN of Diagonal BiLSTMs, which know all that stands before, on any pictures (van den Oord et al., 2016a)."""

from functools import partial

from . import autoregress

build = partial(autoregress.build, model="diagonal_bilstm")
SUBJECT = autoregress.SUBJECT
