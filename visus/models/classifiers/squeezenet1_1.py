"""SqueezeNet 1.1: the same accuracy at 2.4 times less work, from the authors of SqueezeNet."""

from functools import partial

from . import squeezenet

build = partial(squeezenet.build, version="1_1")
SMALLEST = squeezenet.SMALLEST
