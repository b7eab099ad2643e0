"""VGG-16 with batch normalisation after each of its 13 convolutions."""

from functools import partial

from . import vgg

build = partial(vgg.build, depth=16, batch_norm=True)
SMALLEST = vgg.SMALLEST
