"""Polar coordinates: distance and angle from the centre; a ring becomes a straight line, a rotation a shift."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ._feature import Feature


def polar(points: Tensor) -> Tensor:
    """Points (N, 2) as x, y -> (N, 2) as distance from the origin and angle in radians, -pi to pi."""
    x, y = points.unbind(1)
    return torch.stack([torch.hypot(x, y), torch.atan2(y, x)], 1)


class Polar(Feature):
    """Pictures uint8 (B, 3, H, W) -> values (B, 3 * rings * rays) on rings about the centre."""

    def __init__(self, image: tuple[int, int, int], rings: int, rays: int) -> None:
        super().__init__()
        if min(rings, rays) < 1:
            raise ValueError(f"polar needs at least 1 ring and 1 ray; got {rings} and {rays}")
        C, H, W = image
        self.size = C * rings * rays
        radius = (torch.arange(rings) + 0.5) / rings * min(H, W) / 2  # pixels from the centre
        angle = 2 * math.pi * torch.arange(rays) / rays
        x, y = radius[:, None] * angle.cos(), radius[:, None] * angle.sin()  # (rings, rays), down is positive
        places = torch.stack([2 * x / W, 2 * y / H], 2)  # grid_sample's: -1 and 1 are the picture's outer edges
        self.register_buffer("places", places, persistent=False)
        self.places: Tensor

    def describe(self, images: Tensor) -> Tensor:
        grid = self.places.expand(len(images), -1, -1, -1)
        found = F.grid_sample(self.values(images), grid, padding_mode="border", align_corners=False)
        return found.flatten(1)


def build(image: tuple[int, int, int], rings: int = 8, rays: int = 16) -> Feature:
    """rings: distances from the centre, up to the nearest edge. rays: directions."""
    return Polar(image, rings, rays)
