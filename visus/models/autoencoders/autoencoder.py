"""Autoencoder: a picture through few numbers and back, by the smallest squared error (Hinton and Salakhutdinov, 2006).

Trained on pictures that were spoiled, with the whole ones as targets, it is the denoising autoencoder of Vincent et
al., 2008. Differs from Hinton's: trained at once, not layer by layer.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from ...data.canvas import Canvas
from ..generative import Progress, check_count, check_labels, check_latent, check_temperature
from ._trunks import Decoder, Encoder, check_sizes, conv_decoder, conv_encoder, dense_decoder, dense_encoder, given

LEAST_SPREAD = 1e-6  # added to the codes' covariance, so that it has a root


class Autoencoder(nn.Module):
    """Levels (B, C, H, W) -> codes (B, Z) -> brightness (B, C, H, W) in [0, 1].

    It has no distribution of pictures. What it draws are codes from a Gaussian with the mean and covariance of those of
    real pictures, once `settle` has seen them (Ghosh et al., 2020, "From Variational to Deterministic Autoencoders",
    section 4).
    """

    code_mean: Tensor
    code_root: Tensor

    def __init__(self, canvas: Canvas, n_classes: int, latents: int, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        self.canvas, self.n_classes, self.latents = canvas, n_classes, latents
        self.encoder, self.decoder = encoder, decoder
        self.register_buffer("code_mean", torch.zeros(latents))
        self.register_buffer("code_root", torch.eye(latents))  # lower triangle, its square is the covariance

    def see(self, brightness: Tensor, labels: Tensor | None = None) -> Tensor:
        """Brightness (B, C, H, W), spoiled or not -> codes (B, Z)."""
        codes: Tensor = self.encoder(brightness, given(labels, self.n_classes, brightness))
        return codes

    def restore(self, brightness: Tensor, labels: Tensor | None = None) -> Tensor:
        """Brightness (B, C, H, W), spoiled or not -> brightness as it should be."""
        return self._shown(self.see(brightness, labels), labels)

    def encode(self, levels: Tensor, labels: Tensor | None = None) -> Tensor:
        """The codes of pictures, (B, Z)."""
        self.canvas.check(levels)
        check_labels(labels, self.n_classes, len(levels))
        return self.see(self.canvas.brightness(levels), labels)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Codes (B, Z) -> brightness (B, C, H, W) in [0, 1]."""
        check_latent(z, self.latents)
        check_labels(labels, self.n_classes, len(z))
        return self._shown(z, labels)

    @torch.no_grad()
    def settle(self, codes: Tensor) -> None:
        """Draw like these codes (N, Z) from now on, N at least 2."""
        wide = codes.double()
        self.code_mean.copy_(wide.mean(0))
        spread = torch.cov(wide.T).view(self.latents, self.latents)
        spread = spread + (LEAST_SPREAD + 1e-6 * spread.diagonal().mean()) * torch.eye(self.latents).to(spread)
        self.code_root.copy_(torch.linalg.cholesky(spread))

    def draw(self, n: int, dice: torch.Generator) -> Tensor:
        """n codes, (n, Z), as those of the pictures that `settle` saw."""
        noise = torch.randn(n, self.latents, generator=dice, device=dice.device).to(self.code_mean)
        return self.code_mean + noise @ self.code_root.T

    def sample(
        self,
        n: int,
        dice: torch.Generator,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        progress: Progress | None = None,
    ) -> Tensor:
        """n pictures of drawn codes, levels uint8 (n, C, H, W). temperature: how far codes are from their mean."""
        check_count(n)
        check_labels(labels, self.n_classes, n)
        check_temperature(temperature)
        z = self.code_mean + temperature * (self.draw(n, dice) - self.code_mean)
        if progress:
            progress(n, n)
        return (self._shown(z, labels) * (self.canvas.levels - 1)).round().to(torch.uint8)

    def _shown(self, z: Tensor, labels: Tensor | None) -> Tensor:
        maps: Tensor = self.decoder(z.to(self.encoder.head.weight.dtype), given(labels, self.n_classes, z))
        return torch.sigmoid(maps.to(torch.promote_types(maps.dtype, torch.float32)))


def build(
    canvas: Canvas,
    n_classes: int = 0,
    latents: int = 32,
    trunk: Literal["dense", "conv"] = "dense",
    hidden: int = 256,
    layers: int = 2,
    width: int = 16,
    halvings: int = 2,
) -> nn.Module:
    """latents: numbers a picture is squeezed into. trunk: dense layers, or convolutions that halve and double sides.
    hidden: units of a dense layer. layers: hidden ones of each half, where dense. width, halvings: maps at full size,
    doubled at each halving, of a conv trunk.
    """
    check_sizes(latents=latents, hidden=hidden, layers=layers, width=width)
    if trunk == "conv":
        encoder = conv_encoder(canvas.image, n_classes, latents, width, halvings, hidden)
        decoder = conv_decoder(canvas.image, n_classes, latents, width, halvings, hidden)
    else:
        encoder = dense_encoder(canvas.image, n_classes, latents, hidden, layers)
        decoder = dense_decoder(canvas.image, n_classes, latents, hidden, layers)
    return Autoencoder(canvas, n_classes, latents, encoder, decoder)
