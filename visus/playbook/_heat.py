"""Maps as pictures: laid over a grey copy of the picture they explain, in colours that can be read."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..explain._contract import as_bytes

SHOWN_PX = 128  # a smaller picture is enlarged by whole pixels, so that they can still be told apart
CLIP = 0.995  # share of a map's values below its full colour: single pixels would leave all others dark
DIM = 0.55  # brightness of the picture below
ONE_SIGN, TWO_SIGNS = "inferno", "RdBu_r"


def enlarged(images: Tensor) -> NDArray[np.uint8]:
    """Floats (N, 3, H, W) in [0, 1] -> pictures uint8 (N, h, w, 3)."""
    times = max(1, round(SHOWN_PX / max(images.shape[2:])))
    return as_bytes(images).repeat(times, 1).repeat(times, 2)


def overlay(images: Tensor, maps: Tensor) -> Tensor:
    """Maps (B, H, W) in colour over images (B, 3, H, W) made grey: (B, 3, H, W) in [0, 1].

    The stronger, the more colour. Maps with both signs: red speaks for the class, blue against it.
    """
    strength = relative(maps)
    grey = DIM * images.mean(1, keepdim=True)
    cover = strength.abs()[:, None]
    return (1 - cover) * grey + cover * _coloured(strength, signed=bool((maps < 0).any()))


def relative(maps: Tensor) -> Tensor:
    """Maps scaled to [-1, 1], each by its own (nearly) largest absolute value; an empty map stays 0."""
    reach = maps.detach().float().abs().flatten(1).quantile(CLIP, dim=1)
    reach = torch.where(reach > 0, reach, maps.abs().flatten(1).amax(1).float().clamp_min(1e-30))
    return (maps.detach().float() / reach[:, None, None]).clamp(-1, 1)


def scale(height: int, width: int, signed: bool) -> Tensor:
    """The colours from the weakest (below) to the strongest (above), as overlay lays them on black: (1, 3, H, W)."""
    column = torch.linspace(1, -1 if signed else 0, height)[None, :, None].expand(1, height, width)
    return column.abs()[:, None] * _coloured(column, signed)


def _coloured(strength: Tensor, signed: bool) -> Tensor:
    """Values (B, H, W) in [-1, 1] -> colours (B, 3, H, W)."""
    from matplotlib import colormaps  # loads only where something is drawn

    values = strength.cpu().numpy()
    colours = colormaps[TWO_SIGNS]((values + 1) / 2) if signed else colormaps[ONE_SIGN](values)
    return torch.from_numpy(colours[..., :3]).float().permute(0, 3, 1, 2)
