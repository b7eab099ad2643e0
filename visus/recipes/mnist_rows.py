"""MNIST read row by row: an LSTM sees 28 rows of 28 pixels, one at a time, and answers after the last."""

from functools import partial

from . import classify

build = partial(
    classify.build,
    data="mnist",
    model="rows",
    hidden=128,
    epochs=5,
    batch=100,
    optimizer="adamw",
    lr=4e-3,
    weight_decay=0.01,
    schedule="one_cycle",
    max_norm=1.0,
    crop=0,
)
