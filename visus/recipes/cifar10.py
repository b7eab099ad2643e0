"""CIFAR-10 with the small convolutional net, in minutes on two cores."""

from functools import partial

from . import classify

build = partial(
    classify.build, data="cifar10", epochs=11, batch=500, lr=0.4, weight_decay=5e-4, smoothing=0.1, flip=True, crop=4
)
