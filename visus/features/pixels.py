"""The pixels themselves, to stand beside other features."""

from torch import Tensor

from ._feature import Feature


class Pixels(Feature):
    """Pictures uint8 (B, 3, H, W) -> values in [0, 1] (B, 3 * H * W)."""

    def __init__(self, image: tuple[int, int, int]) -> None:
        super().__init__()
        self.size = image[0] * image[1] * image[2]

    def describe(self, images: Tensor) -> Tensor:
        return self.values(images).flatten(1)


def build(image: tuple[int, int, int]) -> Feature:
    """Nothing to set."""
    return Pixels(image)
