"""CIFAR-10 with ResNet-20, 270,000 weights, with Muon and pictures that grow."""

from functools import partial

from . import cifar10

build = partial(
    cifar10.build,
    model="cifar_resnet20",
    data="cifar10",
    epochs=24,
    batch=1000,
    accumulate=2,
    lr=0.2,
    smoothing=0.0,
    crop=4,
)
