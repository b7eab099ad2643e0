"""MNIST on a field of 60 x 60, found and read in six glimpses of three scales (Mnih et al., 2014, section 4.1)."""

from functools import partial

from . import ram_mnist

build = partial(ram_mnist.build, data="mnist-translated", window=12, scales=3, epochs=30, scatter=True)
