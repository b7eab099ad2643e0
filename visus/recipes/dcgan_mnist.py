"""MNIST: a DCGAN that draws digits."""

from functools import partial

from . import imitate

build = partial(
    imitate.build,
    data="mnist",
    model="dcgan",
    width=48,
    lr=4e-4,
    epochs=8,
    schedule="linear",
    average=0.995,
    keep="last",
)
SUBJECT = imitate.SUBJECT
