"""Digits with a linear support vector machine: one template per class, hinge loss."""

from functools import partial

from . import classify

build = partial(
    classify.build, data="digits", model="linear", loss="hinge", optimizer="adam", lr=1e-2, epochs=20, crop=0
)
