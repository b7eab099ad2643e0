"""ResNet-20 for pictures of 32 x 32, with shortcuts that pad with zeros (He et al., 2016, section 4.2)."""

from functools import partial

from . import cifar_resnet

build = partial(cifar_resnet.build, depth=20)
