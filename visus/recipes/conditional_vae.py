"""Variational autoencoder that is told the class, and draws the one it is asked for: latents are left the style."""

from functools import partial

from . import autoencode

build = partial(autoencode.build, model="dense_vae", conditional=True, latents=16, warm_up=0.1)
SUBJECT = autoencode.SUBJECT
