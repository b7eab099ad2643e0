"""Several views of one picture, whose predictions are averaged: what augmentation is to training, at test time.

Source: Krizhevsky et al., 2012, section 4.1 (ten crops); Simonyan and Zisserman, 2015, section 3.2 (mirroring);
Jordan, 2024, section 3.5 (shifts).
"""

from collections.abc import Callable, Iterator, Mapping

from torch import Tensor
from torch.nn import functional as F

SHARE = 7 / 8  # side of a crop as a share of the picture's: 224 of 256


def one(images: Tensor) -> Iterator[Tensor]:
    """The picture itself."""
    yield images


def mirrored(images: Tensor) -> Iterator[Tensor]:
    """The picture and its mirror image."""
    yield images
    yield images.flip(3)


def shifted(images: Tensor) -> Iterator[Tensor]:
    """The picture and its shifts by one pixel to the upper left and to the lower right, and their mirror images."""
    H, W = images.shape[2:]
    wide = F.pad(images.float(), (1, 1, 1, 1), mode="reflect" if min(H, W) > 1 else "replicate").to(images.dtype)
    for top in (1, 0, 2):
        yield from mirrored(wide[:, :, top : top + H, top : top + W])


def ten_crops(images: Tensor) -> Iterator[Tensor]:
    """The four corners and the middle, enlarged to the picture's size, and their mirror images."""
    H, W = images.shape[2:]
    h, w = max(1, round(SHARE * H)), max(1, round(SHARE * W))
    corners = [(0, 0), (0, W - w), (H - h, 0), (H - h, W - w), ((H - h) // 2, (W - w) // 2)]
    for top, left in corners:
        crop = images[:, :, top : top + h, left : left + w].float()
        enlarged = F.interpolate(crop, (H, W), mode="bilinear", align_corners=False, antialias=True)
        yield from mirrored(enlarged.round().clamp(0, 255).to(images.dtype))


VIEWS: Mapping[str, Callable[[Tensor], Iterator[Tensor]]] = {
    "one": one,
    "mirrored": mirrored,
    "six": shifted,
    "ten": ten_crops,
}
