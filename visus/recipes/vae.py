"""Variational autoencoder on any pictures: 40 latents, and a bound of the likelihood (Kingma and Welling, 2014)."""

from functools import partial

from . import autoencode

build = partial(autoencode.build, model="dense_vae", warm_up=0.1)
SUBJECT = autoencode.SUBJECT
