"""Variational autoencoder of convolutions: halved on the way to the latents, doubled on the way back."""

from torch import nn

from ...data.canvas import Canvas
from ._likelihoods import Named, observed
from ._trunks import check_sizes, conv_decoder, conv_encoder
from ._variational import VAE


def build(
    canvas: Canvas,
    n_classes: int = 0,
    latents: int = 40,
    width: int = 16,
    halvings: int = 2,
    hidden: int = 256,
    likelihood: Named = "auto",
) -> nn.Module:
    """latents: numbers a picture is described by; 2 can be drawn as a map. width: maps at full size, doubled at each of
    the halvings. hidden: units of the dense layer between maps and latents. likelihood: of levels given latents; auto:
    bernoulli for two levels, logistic for more.
    """
    check_sizes(latents=latents, width=width, hidden=hidden)
    encoder = conv_encoder(canvas.image, n_classes, 2 * latents, width, halvings, hidden)
    decoder = conv_decoder(canvas.image, n_classes, latents, width, halvings, hidden)
    return VAE(canvas, n_classes, latents, encoder, decoder, observed(likelihood, canvas))
