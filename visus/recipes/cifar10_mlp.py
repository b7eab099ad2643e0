"""CIFAR-10, divided as courses do, by a two-layer net on its pixels."""

from functools import partial

from . import classify

build = partial(
    classify.build,
    data="cifar10-course",
    model="mlp",
    hidden=512,
    layers=2,
    lr=0.05,
    weight_decay=5e-4,
    batch=250,
    epochs=15,
    flip=True,
    crop=2,
)
