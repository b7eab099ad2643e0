"""SqueezeNet 1.0: the net of the paper (Iandola et al., 2016)."""

from functools import partial

from . import squeezenet

build = partial(squeezenet.build, version="1_0")
SMALLEST = squeezenet.SMALLEST
