"""VGG-19: 16 convolutions and 3 linear layers (Simonyan and Zisserman, 2015)."""

from functools import partial

from . import vgg

build = partial(vgg.build, depth=19)
SMALLEST = vgg.SMALLEST
