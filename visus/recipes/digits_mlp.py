"""Digits with a two-layer perceptron."""

from functools import partial

from . import classify

build = partial(classify.build, data="digits", model="mlp", hidden=128, lr=0.05, epochs=30, crop=1)
