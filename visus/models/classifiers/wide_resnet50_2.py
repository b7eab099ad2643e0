"""Wide ResNet-50-2: ResNet-50 with twice the maps in its 3x3 convolutions (Zagoruyko and Komodakis, 2016)."""

from functools import partial

from . import resnet

build = partial(resnet.build, depth=50, width=2)
