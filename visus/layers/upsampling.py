"""Maps made larger again: repeated, with zeros between, at remembered places, or by a transposed convolution.

Source: Shelhamer et al., 2017 (FCN), section 3.3; Badrinarayanan et al., 2017 (SegNet), for remembered places.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def nearest(maps: Tensor, times: int = 2) -> Tensor:
    """(B, C, H, W) -> (B, C, times H, times W): each value repeated."""
    return F.interpolate(maps, scale_factor=times, mode="nearest")


def bilinear(maps: Tensor, times: int = 2) -> Tensor:
    """(B, C, H, W) -> (B, C, times H, times W): between the centres of values, straight lines."""
    return F.interpolate(maps, scale_factor=times, mode="bilinear", align_corners=False)


def bed_of_nails(maps: Tensor, times: int = 2) -> Tensor:
    """(B, C, H, W) -> (B, C, times H, times W): each value in the upper left corner of its block, zeros elsewhere."""
    B, C, H, W = maps.shape
    spread = maps.new_zeros(B, C, H, times, W, times)
    spread[:, :, :, 0, :, 0] = maps
    return spread.view(B, C, times * H, times * W)


def max_pool(maps: Tensor, field: int = 2) -> tuple[Tensor, Tensor]:
    """(B, C, H, W) -> the largest of each field x field block, and its place in the map, int64, for `max_unpool`."""
    pooled, places = F.max_pool2d(maps, field, return_indices=True)
    return pooled, places


def max_unpool(maps: Tensor, places: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, C, H, W) -> (B, C, *size): each value where `max_pool` found its largest, zeros elsewhere.

    size: (H, W) of the map that was pooled; also where it did not divide, which a field alone would not tell.
    Raises ValueError if values and places differ in shape.
    """
    if maps.shape != places.shape:
        raise ValueError(
            f"values {tuple(maps.shape)} and places {tuple(places.shape)} must have one shape; a map is unpooled with "
            "as many channels as were pooled"
        )
    flat = maps.new_zeros(*maps.shape[:2], size[0] * size[1])
    return flat.scatter(2, places.flatten(2), maps.flatten(2)).unflatten(2, size)


def bilinear_kernel(times: int) -> Tensor:
    """The window (F, F), F = 2 times - times % 2, with which a transposed convolution interpolates bilinearly."""
    field = 2 * times - times % 2
    centre = (field - 1) / 2
    slope = 1 - (torch.arange(field) - centre).abs() / times
    return slope[:, None] * slope


class TransposedConv(nn.ConvTranspose2d):
    """(B, C, H, W) -> (B, K, times H, times W): every value stamps a learned window; where windows overlap, they add.

    It starts as bilinear interpolation, channel k from channel k, and learns from there.
    """

    def __init__(self, channels: int, filters: int | None = None, times: int = 2, bias: bool = False) -> None:
        filters = filters or channels
        field = 2 * times - times % 2
        super().__init__(channels, filters, field, stride=times, padding=(field - times) // 2, bias=bias)
        self.times = times
        self.start()

    @torch.no_grad()
    def start(self) -> None:
        """Weights of bilinear interpolation."""
        self.weight.zero_()
        for k in range(min(self.in_channels, self.out_channels)):
            self.weight[k, k] = bilinear_kernel(self.times)
        if self.bias is not None:
            self.bias.zero_()


class Enlarge(nn.Module):
    """One of the ways without weights as a layer: (B, C, H, W) -> (B, C, times H, times W)."""

    def __init__(self, way: Callable[[Tensor, int], Tensor], times: int) -> None:
        super().__init__()
        self.way, self.times = way, times

    def forward(self, maps: Tensor) -> Tensor:
        return self.way(maps, self.times)

    def extra_repr(self) -> str:
        return f"{self.way.__name__}, times={self.times}"


# name -> a layer for so many channels and so many times; max-unpooling is not among them, it needs the places
UPSAMPLING: Mapping[str, Callable[[int, int], nn.Module]] = {
    "nearest": lambda channels, times: Enlarge(nearest, times),
    "bilinear": lambda channels, times: Enlarge(bilinear, times),
    "bed_of_nails": lambda channels, times: Enlarge(bed_of_nails, times),
    "transposed": lambda channels, times: TransposedConv(channels, times=times),
}
