"""CIFAR-10 against an adversary of 8 grey levels, with the small convolutional net."""

from functools import partial

from . import classify

build = partial(
    classify.build,
    data="cifar10",
    model="small_conv",
    adversary="fgsm",
    epochs=10,
    batch=250,
    lr=0.2,
    weight_decay=5e-4,
    flip=True,
    crop=4,
)
