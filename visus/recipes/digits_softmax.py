"""Digits with a softmax: one template per class, cross-entropy."""

from functools import partial

from . import classify

build = partial(
    classify.build, data="digits", model="linear", optimizer="adam", lr=1e-2, weight_decay=1e-2, epochs=20, crop=0
)
