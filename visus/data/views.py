"""Several views of one picture, whose predictions are averaged: what augmentation is to training, at test time.

Source: Krizhevsky et al., 2012, section 4.1 (ten crops); Simonyan and Zisserman, 2015, section 3.2 (mirroring).
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


def ten_crops(images: Tensor) -> Iterator[Tensor]:
    """The four corners and the middle, enlarged to the picture's size, and their mirror images."""
    H, W = images.shape[2:]
    h, w = max(1, round(SHARE * H)), max(1, round(SHARE * W))
    corners = [(0, 0), (0, W - w), (H - h, 0), (H - h, W - w), ((H - h) // 2, (W - w) // 2)]
    for top, left in corners:
        crop = images[:, :, top : top + h, left : left + w].float()
        enlarged = F.interpolate(crop, (H, W), mode="bilinear", align_corners=False, antialias=True)
        yield from mirrored(enlarged.round().clamp(0, 255).to(images.dtype))


VIEWS: Mapping[str, Callable[[Tensor], Iterator[Tensor]]] = {"one": one, "mirrored": mirrored, "ten": ten_crops}
