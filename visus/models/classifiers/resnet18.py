"""ResNet-18: 18 layers with shortcuts around blocks of two 3x3 convolutions (He et al., 2016)."""

from functools import partial

from . import resnet

build = partial(resnet.build, depth=18)
