"""char_lstm with GRU cells: three quarters of the weights."""

from functools import partial

from . import char_lstm

SUBJECT = char_lstm.SUBJECT
build = partial(char_lstm.build, cell="gru")
