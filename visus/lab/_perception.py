"""Pictures and a loss network for experiments with style: what is at hand without a download."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ..explain._drawing import GREY, SPREAD

PHOTOGRAPHS = ("astronaut", "brick", "cat", "coffee", "grass", "gravel", "rocket")  # that come with scikit-image
WIDTHS = (16, 32, 64, 64)
LAYERS = ("2", "5", "8", "11")  # the activations of `random_network`, from fine to coarse


def photograph(name: str, side: int) -> Tensor:
    """A photograph of scikit-image's, its middle, float (1, 3, side, side) in [0, 1]."""
    import skimage.data

    pixels = np.asarray(getattr(skimage.data, name)())
    if pixels.ndim == 2:
        pixels = pixels[:, :, None].repeat(3, axis=2)
    H, W = pixels.shape[:2]
    n, top, left = min(H, W), (H - min(H, W)) // 2, (W - min(H, W)) // 2
    middle = Image.fromarray(np.ascontiguousarray(pixels[top : top + n, left : left + n]))
    small = np.array(middle.resize((side, side), Image.Resampling.LANCZOS))
    return torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255


def random_network(seed: int = 0) -> nn.Sequential:
    """Four 3x3 convolutions with random weights, the resolution halved between them, frozen: pictures -> maps.

    That nobody trained it matters less than it seems: Gram matrices of random filters already hold much of a texture
    (Ustyuzhaninov et al., 2016).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers: list[nn.Module] = [_standardise()]
        for place, (n_in, n_out) in enumerate(zip((3, *WIDTHS), WIDTHS, strict=False)):
            layer = nn.Conv2d(n_in, n_out, 3, padding=1, padding_mode="reflect")
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # it has one
            layers += [*([nn.AvgPool2d(2)] if place else []), layer, nn.ReLU()]
    return nn.Sequential(*layers).requires_grad_(False).eval()


def _standardise() -> nn.Module:
    """Pixels in [0, 1] -> mean 0 and deviation 1: else every answer would say above all how light the picture is."""
    layer = nn.BatchNorm2d(3, affine=False, eps=0.0)
    assert layer.running_mean is not None
    assert layer.running_var is not None
    layer.running_mean.fill_(GREY)
    layer.running_var.fill_(SPREAD**2)
    return layer
