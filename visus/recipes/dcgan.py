"""DCGAN: a game of two convolutional networks (Radford et al., 2015), by the non-saturating loss."""

from functools import partial

from . import imitate

build = partial(imitate.build, model="dcgan")
SUBJECT = imitate.SUBJECT
