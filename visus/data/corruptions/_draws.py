"""The random numbers of a corruption: a function of (seed, picture)."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..randomness import uniform

N_DRAWS = 4


def chances(seed: int, rows: Sequence[int]) -> Tensor:
    """(B, N_DRAWS) draws in [0, 1) for the pictures with these numbers."""
    return torch.from_numpy(uniform(seed, 0, np.asarray(rows, dtype=np.int64), N_DRAWS))


def normal(images: Tensor, chance: Tensor) -> Tensor:
    """Standard normal noise of the shape of `images`, each picture's own."""
    noise = torch.empty(images.shape)
    for i, draw in enumerate(chance[:, 0].tolist()):
        noise[i].normal_(generator=torch.Generator().manual_seed(int(draw * 2**53)))
    return noise


def signs(chance: Tensor) -> Tensor:
    """(B,) of -1 and 1, half of each."""
    return 1 - 2 * (chance < 0.5).float()


def to_bytes(values: Tensor) -> Tensor:
    return values.round().clamp(0, 255).to(torch.uint8)
