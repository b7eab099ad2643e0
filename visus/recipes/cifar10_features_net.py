"""CIFAR-10 with a two-layer network on features made by hand: edges (HOG) and hues."""

from functools import partial

from . import classify

build = partial(
    classify.build,
    data="cifar10-course",
    model="mlp",
    features="hog+hue",
    hidden=512,
    dropout=0.3,
    optimizer="adam",
    lr=2e-3,
    weight_decay=1e-4,
    batch=500,
    epochs=20,
)
