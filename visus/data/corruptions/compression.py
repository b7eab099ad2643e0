"""Saved too small: JPEG at a low quality."""

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

QUALITY = (40, 25, 15, 9, 5)  # of 100, as Pillow counts


def corrupt(images: Tensor, severity: int, chance: Tensor) -> Tensor:
    return torch.stack([_saved(picture, QUALITY[severity - 1]) for picture in images])


def _saved(picture: Tensor, quality: int) -> Tensor:
    file = io.BytesIO()
    Image.fromarray(picture.permute(1, 2, 0).numpy()).save(file, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1)
