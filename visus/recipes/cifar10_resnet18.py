"""CIFAR-10 with ResNet-18; long on a CPU, meant for a GPU."""

from functools import partial

from . import classify

build = partial(
    classify.build,
    data="cifar10",
    model="resnet18",
    epochs=30,
    batch=128,
    lr=0.1,
    weight_decay=5e-4,
    schedule="cosine",
    flip=True,
    crop=4,
)
