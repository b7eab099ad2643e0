"""VGG-11 with batch normalisation after each of its 8 convolutions."""

from functools import partial

from . import vgg

build = partial(vgg.build, depth=11, batch_norm=True)
SMALLEST = vgg.SMALLEST
