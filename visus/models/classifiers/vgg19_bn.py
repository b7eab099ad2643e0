"""VGG-19 with batch normalisation after each of its 16 convolutions."""

from functools import partial

from . import vgg

build = partial(vgg.build, depth=19, batch_norm=True)
SMALLEST = vgg.SMALLEST
