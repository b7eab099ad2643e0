"""CIFAR-10 with fully connected layers alone: how far a net comes that knows nothing of neighbouring pixels."""

from functools import partial

from . import classify

build = partial(
    classify.build,
    data="cifar10-course",
    model="mlp",
    hidden=1024,
    layers=4,
    norm="batch",
    dropout=0.25,
    optimizer="adam",
    lr=2e-3,
    weight_decay=1e-5,
    batch=256,
    epochs=24,
    flip=True,
    crop=2,
)
