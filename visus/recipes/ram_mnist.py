"""MNIST in six glimpses of 8 x 8 pixels: recurrent attention (Mnih et al., 2014, section 4.1)."""

from functools import partial

from . import classify

build = partial(
    classify.build,
    data="mnist",
    model="recurrent_attention",
    glimpses=6,
    window=8,
    epochs=60,
    batch=128,
    optimizer="adamw",
    lr=1e-3,
    weight_decay=0.01,
    schedule="one_cycle",
    crop=0,
)
