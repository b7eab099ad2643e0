"""VGG-16: 13 convolutions and 3 linear layers (Simonyan and Zisserman, 2015)."""

from functools import partial

from . import vgg

build = partial(vgg.build, depth=16)
SMALLEST = vgg.SMALLEST
