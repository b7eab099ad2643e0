"""CIFAR-10 with a softmax on raw pixels: one template a class, the first rung of the ladder."""

from functools import partial

from . import classify

build = partial(
    classify.build,
    data="cifar10-course",
    model="linear",
    loss="cross_entropy",
    lr=3e-3,
    weight_decay=1e-2,
    batch=500,
    epochs=10,
    flip=True,
    crop=0,
)
