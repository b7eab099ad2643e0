"""MNIST with the small convolutional net."""

from functools import partial

from . import classify

build = partial(classify.build, data="mnist", width=32, epochs=4, batch=500, lr=0.2, weight_decay=5e-4, crop=2)
