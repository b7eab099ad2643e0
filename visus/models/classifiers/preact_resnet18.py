"""Pre-activation ResNet-18: normalise and bend before each convolution (He et al., 2016, Identity mappings)."""

from functools import partial

from . import resnet

build = partial(resnet.build, depth=18, pre_activation=True)
