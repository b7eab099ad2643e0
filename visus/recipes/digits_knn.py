"""Digits with k-nearest neighbours: the pictures themselves are the model."""

from functools import partial

from . import classify

build = partial(classify.build, data="digits", model="knn", k=3)
