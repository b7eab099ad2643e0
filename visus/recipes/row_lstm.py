"""PixelRNN of Row LSTMs, whose state goes down row by row, on any pictures (van den Oord et al., 2016a)."""

from functools import partial

from . import autoregress

build = partial(autoregress.build, model="row_lstm")
SUBJECT = autoregress.SUBJECT
