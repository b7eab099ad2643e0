"""VGG-13: 10 convolutions and 3 linear layers (Simonyan and Zisserman, 2015)."""

from functools import partial

from . import vgg

build = partial(vgg.build, depth=13)
SMALLEST = vgg.SMALLEST
