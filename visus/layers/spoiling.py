"""Ways to spoil a picture that a denoising autoencoder learns to undo.

Each takes brightness (B, C, H, W) in [0, 1] and a strength, draws from torch's own generator, and returns the same
shape in [0, 1]. Source: Vincent et al., 2010, "Stacked Denoising Autoencoders", section 3.3.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

Spoil = Callable[[Tensor, float], Tensor]


def gaussian(brightness: Tensor, strength: float) -> Tensor:
    """Noise of this deviation on every value, cut off at black and white."""
    return (brightness + strength * torch.randn_like(brightness)).clamp(0, 1)


def masking(brightness: Tensor, strength: float) -> Tensor:
    """This share of the pixels is black."""
    return brightness * (_chances(brightness) >= strength)


def salt(brightness: Tensor, strength: float) -> Tensor:
    """This share of the pixels is black or white, each as often: salt and pepper."""
    chances = _chances(brightness)
    spoiled = (chances < strength / 2).to(brightness)
    return torch.where(chances < strength, spoiled.expand_as(brightness), brightness)


def _chances(brightness: Tensor) -> Tensor:
    """A uniform draw for each pixel, its channels together: (B, 1, H, W)."""
    return torch.rand_like(brightness[:, :1])


SPOILING: Mapping[str, Spoil] = {"gaussian": gaussian, "masking": masking, "salt": salt}
