"""CIFAR-10 with a linear support vector machine on features made by hand: edges (HOG) and hues."""

from functools import partial

from . import classify

build = partial(
    classify.build,
    data="cifar10-course",
    model="linear",
    features="hog+hue",
    loss="hinge",
    optimizer="adam",
    lr=3e-3,
    weight_decay=1e-3,
    batch=500,
    epochs=10,
)
