"""The first GAN: two networks of linear layers in the minimax game (Goodfellow et al., 2014)."""

from functools import partial

from . import imitate

build = partial(imitate.build, model="mlp", loss="minimax")
SUBJECT = imitate.SUBJECT
