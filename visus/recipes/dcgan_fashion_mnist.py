"""Fashion-MNIST: a DCGAN that draws clothes, by the settings of that of digits."""

from functools import partial

from . import dcgan_mnist

build = partial(dcgan_mnist.build, data="fashion-mnist")
SUBJECT = dcgan_mnist.SUBJECT
