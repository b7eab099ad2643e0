"""Principal components: the few directions in which pictures differ most, and how far a picture lies along each."""

from typing import NamedTuple

import torch
from torch import Tensor

from ._feature import Feature


class Components(NamedTuple):
    """mean (D,); axes (D, K), columns of length 1 at right angles; variances (K,) along them, largest first."""

    mean: Tensor
    axes: Tensor
    variances: Tensor


def principal(rows: Tensor, k: int | None = None) -> Components:
    """The k largest principal components of rows (N, D), or all of them: centre, X^T X / N, and its singular vectors.

    The sign of an axis is free: here its largest entry is positive. Of fewer rows than columns only N axes exist; the
    others are zero, with variance 0.
    """
    N, D = rows.shape
    k = D if k is None else min(k, D)
    mean = rows.mean(0)
    centred = rows - mean
    if N >= D:
        # eigh is the SVD of a matrix that is symmetric and never negative, in a fraction of the time
        variances, axes = torch.linalg.eigh(centred.T @ centred / N)
        variances, axes = variances.flip(0)[:k], axes.flip(1)[:, :k]
    else:  # the same from the rows themselves: X^T X would have D * D entries of rank N
        _, singular, right = torch.linalg.svd(centred, full_matrices=False)
        variances, axes = rows.new_zeros(k), rows.new_zeros(D, k)
        found = min(k, N)
        variances[:found], axes[:, :found] = singular[:found].square() / N, right[:found].T
    largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))
    return Components(mean, axes * torch.where(largest < 0, -1.0, 1.0).to(axes), variances.clamp_min(0))


def project(rows: Tensor, components: Components) -> Tensor:
    """Rows (N, D) -> coordinates (N, K) along the axes, uncorrelated with each other."""
    return (rows - components.mean) @ components.axes


def reconstruct(coordinates: Tensor, components: Components) -> Tensor:
    """Coordinates (N, K) -> rows (N, D): what of the rows can be told from the first K components."""
    return coordinates @ components.axes.T + components.mean


def whiten(coordinates: Tensor, components: Components, eps: float = 1e-5) -> Tensor:
    """Coordinates (N, K) divided by their deviations sqrt(variance + eps): the same spread along every axis.

    The last axes of pictures hold little but noise, and whitening makes it as loud as the rest: raise eps until what
    has a smaller variance stays quiet. (It is the root of the variance that divides, not the variance.)
    """
    return coordinates / (components.variances + eps).sqrt()


class Pca(Feature):
    """Pictures uint8 (B, 3, H, W) -> coordinates (B, K) along the principal components of the training pictures."""

    shared_scale = True  # with a deviation for each column it would be whitening

    def __init__(self, image: tuple[int, int, int], components: int) -> None:
        super().__init__()
        if components < 1:
            raise ValueError(f"pca needs at least 1 component; got {components}")
        D = image[0] * image[1] * image[2]
        self.size = min(components, D)
        self.register_buffer("mean", torch.zeros(D))
        self.register_buffer("axes", torch.zeros(D, self.size))
        self.register_buffer("variances", torch.zeros(self.size))
        self.mean: Tensor
        self.axes: Tensor
        self.variances: Tensor

    @property
    def components(self) -> Components:
        return Components(self.mean, self.axes, self.variances)

    def fit(self, images: Tensor) -> None:
        found = principal(self.values(images).flatten(1), self.size)
        self.mean, self.axes, self.variances = (tensor.contiguous() for tensor in found)

    def describe(self, images: Tensor) -> Tensor:
        return project(self.values(images).flatten(1), self.components)


def build(image: tuple[int, int, int], components: int = 144) -> Feature:
    """components: how many are kept, at most as many as a picture has values."""
    return Pca(image, components)
