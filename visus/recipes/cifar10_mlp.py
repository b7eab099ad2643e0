"""CIFAR-10 with a two-layer net on raw pixels: 256 hidden units in place of one template a class."""

from functools import partial

from . import classify

build = partial(
    classify.build,
    data="cifar10-course",
    model="mlp",
    hidden=256,
    lr=0.05,
    weight_decay=1e-3,
    batch=500,
    epochs=12,
    flip=True,
    crop=0,
)
