"""char_lstm with vanilla RNN cells, whose gradient fades sooner."""

from functools import partial

from . import char_lstm

SUBJECT = char_lstm.SUBJECT
build = partial(char_lstm.build, cell="rnn", lr=1e-3)
