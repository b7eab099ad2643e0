"""DenseNet-121: blocks of 6, 12, 24 and 16 layers that each add 32 maps (Huang et al., 2017)."""

from functools import partial

from . import densenet

build = partial(densenet.build, depth=121)
SMALLEST = densenet.SMALLEST
