"""CIFAR-10 with a linear support vector machine on raw pixels: one template a class, hinge loss."""

from functools import partial

from . import classify

build = partial(
    classify.build,
    data="cifar10-course",
    model="linear",
    loss="hinge",
    lr=1e-3,
    weight_decay=1e-1,
    batch=500,
    epochs=10,
    flip=True,
    crop=0,
)
