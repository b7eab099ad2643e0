"""LSGAN: a critic that answers 1 for real and 0 for generated pictures, in squares (Mao et al., 2017)."""

from functools import partial

from . import imitate

build = partial(imitate.build, model="dcgan", loss="least_squares")
SUBJECT = imitate.SUBJECT
