"""VGG-13 with batch normalisation after each of its 10 convolutions."""

from functools import partial

from . import vgg

build = partial(vgg.build, depth=13, batch_norm=True)
SMALLEST = vgg.SMALLEST
