"""What every feature is: a module that turns pictures into rows of numbers."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

GREY = (0.299, 0.587, 0.114)  # luma weights of red, green and blue, ITU-R BT.601


class Feature(nn.Module, ABC):
    """Pictures uint8 (B, 3, H, W) -> descriptions (B, D), the first layer of a model that looks at features.

    size: D, known before anything is fitted, so that the network behind it can be built. What is learned from pictures
    is kept in buffers, so that it is saved with the weights. shared_scale: the columns are measured in one unit, so one
    deviation standardises them all; of a histogram each column gets its own.
    """

    size: int
    shared_scale = False

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("like", torch.zeros(()), persistent=False)  # of the type and place of all arithmetic
        self.like: Tensor

    def fit(self, images: Tensor) -> None:
        """Learn from training pictures uint8 (N, 3, H, W) what describing needs; most features need nothing."""

    @abstractmethod
    def describe(self, images: Tensor) -> Tensor:
        """uint8 (B, 3, H, W) -> (B, D)."""

    def forward(self, images: Tensor) -> Tensor:
        return self.describe(images)

    def values(self, images: Tensor) -> Tensor:
        """uint8 (B, 3, H, W) -> floats in [0, 1] of the type the module was moved to."""
        return images.to(self.like) / 255


def luma(values: Tensor, weights: tuple[float, float, float] = GREY) -> Tensor:
    """RGB (B, 3, H, W) -> brightness (B, H, W)."""
    return (values * values.new_tensor(weights).view(1, 3, 1, 1)).sum(1)


def refuse_small(name: str, what: str, side: int, image: tuple[int, int, int]) -> None:
    """Raise ValueError if a picture is smaller than what a feature looks at."""
    if side > min(image[1:]):
        raise ValueError(
            f"{name} looks at a {what} of {side} x {side} pixels at a time, and the pictures have "
            f"{image[1]} x {image[2]}; make the {what} smaller ({name}:{what}={min(image[1:])})"
        )
