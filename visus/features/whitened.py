"""Whitened pictures: principal components brought to one variance, so that no direction is louder than another."""

from torch import Tensor

from ._feature import Feature
from .pca import Pca, whiten


class Whitened(Pca):
    """Pictures uint8 (B, 3, H, W) -> coordinates (B, K) of variance 1, less where the variance is no more than eps."""

    def __init__(self, image: tuple[int, int, int], components: int, eps: float) -> None:
        super().__init__(image, components)
        if eps <= 0:
            raise ValueError(f"whitened divides by the root of variance + eps, so eps must be above 0; got {eps:g}")
        self.eps = eps

    def describe(self, images: Tensor) -> Tensor:
        return whiten(super().describe(images), self.components, self.eps)


def build(image: tuple[int, int, int], components: int = 144, eps: float = 1e-5) -> Feature:
    """components: how many are kept. eps: of a variance of pixels in [0, 1]; a larger one keeps noise quiet."""
    return Whitened(image, components, eps)
