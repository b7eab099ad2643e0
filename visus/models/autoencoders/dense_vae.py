"""Variational autoencoder of dense layers (Kingma and Welling, 2014).

Differs from the paper: ReLU in place of tanh, two hidden layers, and a likelihood for every kind of levels.
"""

from torch import nn

from ...data.canvas import Canvas
from ._likelihoods import Named, observed
from ._trunks import check_sizes, dense_decoder, dense_encoder
from ._variational import VAE


def build(
    canvas: Canvas,
    n_classes: int = 0,
    latents: int = 40,
    hidden: int = 512,
    layers: int = 2,
    likelihood: Named = "auto",
) -> nn.Module:
    """latents: numbers a picture is described by; 2 can be drawn as a map. hidden: units of a layer. layers: hidden
    ones, of each half. likelihood: of levels given latents; auto: bernoulli for two levels, logistic for more.
    """
    check_sizes(latents=latents, hidden=hidden, layers=layers)
    encoder = dense_encoder(canvas.image, n_classes, 2 * latents, hidden, layers)
    decoder = dense_decoder(canvas.image, n_classes, latents, hidden, layers)
    return VAE(canvas, n_classes, latents, encoder, decoder, observed(likelihood, canvas))
