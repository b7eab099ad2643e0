"""Binarised MNIST by a variational autoencoder of dense layers, 40 latents."""

from functools import partial

from . import autoencode

build = partial(
    autoencode.build,
    data="mnist",
    levels=2,
    model="dense_vae",
    latents=40,
    hidden=512,
    warm_up=0.1,
    average=0.999,
    epochs=80,
)
SUBJECT = autoencode.SUBJECT
