"""Conditional GAN: pictures of a class that is named (Mirza and Osindero, 2014), judged by projection."""

from functools import partial

from . import imitate

build = partial(imitate.build, model="dcgan", conditional=True)
SUBJECT = imitate.SUBJECT
