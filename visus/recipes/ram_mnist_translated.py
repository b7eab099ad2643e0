"""MNIST on a field of 60 x 60, found and read in six glimpses of three scales (Mnih et al., 2014, section 4.1)."""

from functools import partial

from . import classify

build = partial(
    classify.build,
    data="mnist-translated",
    model="recurrent_attention",
    glimpses=6,
    window=12,
    scales=3,
    epochs=30,
    batch=128,
    optimizer="adamw",
    lr=1e-3,
    weight_decay=0.01,
    schedule="one_cycle",
    crop=0,
    scatter=True,
)
