"""From bytes to floats, as part of the model: what training saw is what prediction and export see."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn


class Standardise(nn.Module):
    """uint8 images (B, C, H, W) -> floats with mean 0 and deviation 1 over the training part.

    mean, std: one value a channel, C, or one a pixel and channel, (C, H, W), of pixels in [0, 1]; from the training
    part only. They are saved with the model.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float] | Tensor, std: Sequence[float] | Tensor) -> None:
        super().__init__()
        for name, given in (("mean", mean), ("std", std)):
            values = torch.as_tensor(given, dtype=torch.float32)
            self.register_buffer(name, values.reshape(1, len(values), *values.shape[1:] or (1, 1)))

    def forward(self, images: Tensor) -> Tensor:
        scale, shift = 1 / (255 * self.std), -self.mean / self.std
        return images.to(self.mean.dtype) * scale + shift


def statistics(batches: Iterable[Tensor]) -> tuple[list[float], list[float]]:
    """Mean and standard deviation per channel of uint8 images (B, C, H, W), in [0, 1].

    A constant channel gets the deviation 1/255, one grey level, so that nothing is divided by zero.
    """
    n, total, squares = 0, torch.zeros(0, dtype=torch.float64), torch.zeros(0, dtype=torch.float64)
    for images in batches:
        values = images.double().div(255)
        sums = torch.stack([values.sum((0, 2, 3)), values.square().sum((0, 2, 3))])
        total, squares = (total + sums[0], squares + sums[1]) if n else (sums[0], sums[1])
        n += values[:, 0].numel()
    if not n:
        raise ValueError("the training part is empty; there is nothing to take statistics from")
    mean = total / n
    std = (squares / n - mean.square()).clamp_min(0).sqrt().clamp_min(1 / 255)
    return mean.tolist(), std.tolist()


def pixel_statistics(batches: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean picture and standard deviation of every pixel and channel, each (C, H, W), of uint8 images, in [0, 1].

    A pixel that hardly changes, as at the rim of a digit, gets the deviation 1/255, one grey level.
    """
    n, total, squares = 0, torch.zeros(()).double(), torch.zeros(()).double()
    for images in batches:
        values = images.double().div(255)
        n, total, squares = n + len(values), total + values.sum(0), squares + values.square().sum(0)
    if not n:
        raise ValueError("the training part is empty; there is nothing to take statistics from")
    mean = total / n
    return mean.float(), (squares / n - mean.square()).clamp_min(0).sqrt().clamp_min(1 / 255).float()
