"""ResNet-50: 50 layers with shortcuts around blocks of 1x1, 3x3 and 1x1 convolutions (He et al., 2016)."""

from functools import partial

from . import resnet

build = partial(resnet.build, depth=50)
