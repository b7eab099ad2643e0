"""What a picture shows and how it is painted: losses of features that leave one of the two free.

    content     where which feature answers: the features themselves
    style       which features answer together, no matter where: their Gram matrix
    variation   how rough the picture is: neighbouring pixels that differ

Sums, not means, as in the papers: the weights of the terms are chosen for them.
"""

import torch
from torch import Tensor


def gram_matrix(features: Tensor, normalise: bool = True) -> Tensor:
    """Features (B, C, H, W) -> how much each two channels answer together (B, C, C), symmetric.

    G_ij = sum over places of F_i F_j, divided by H * W * C if `normalise`, so that layers of different size compare.
    Raises ValueError for another number of axes. Source: Gatys, Ecker and Bethge, 2016, section 2.2.
    """
    if features.ndim != 4:
        raise ValueError(
            f"features are {tuple(features.shape)}; a Gram matrix needs maps (B, C, H, W), from a layer before the "
            "pictures are pooled to one vector"
        )
    B, C, H, W = features.shape
    rows = features.reshape(B, C, H * W)
    gram = torch.bmm(rows, rows.transpose(1, 2))
    return gram / (H * W * C) if normalise else gram


def content_loss(features: Tensor, wanted: Tensor, weight: float = 1.0) -> Tensor:
    """weight * sum of (F - P)**2 over all places and channels: a scalar, 0 where the features are the wanted ones.

    features, wanted: the same shape, any. Raises ValueError if the shapes differ.
    Source: Gatys, Ecker and Bethge, 2016, equation 1, without its half.
    """
    return weight * _difference(features, wanted, "features")


def style_loss(gram: Tensor, wanted: Tensor, weight: float = 1.0) -> Tensor:
    """weight * sum of (G - A)**2 over two Gram matrices (B, C, C) of one layer: a scalar.

    The wanted one may be (1, C, C), one style for the whole batch. Raises ValueError if the shapes do not go together.
    Source: Gatys, Ecker and Bethge, 2016, equation 4; its 1 / (4 N**2 M**2) is in `gram_matrix`, up to a constant.
    """
    if wanted.shape[:1] == (1,) and gram.shape[1:] == wanted.shape[1:]:
        wanted = wanted.expand_as(gram)
    return weight * _difference(gram, wanted, "Gram matrices")


def tv_loss(images: Tensor, weight: float = 1.0) -> Tensor:
    """weight * sum of squared differences of vertical and of horizontal neighbours in images (B, C, H, W): a scalar.

    The squared form of total variation: 0 for a picture of one colour. Raises ValueError for another number of axes.
    Source: Mahendran and Vedaldi, 2015, section 2, with beta = 2.
    """
    if images.ndim != 4:
        raise ValueError(f"images are {tuple(images.shape)}; total variation needs (B, C, H, W)")
    return weight * (images.diff(dim=2).square().sum() + images.diff(dim=3).square().sum())


def _difference(found: Tensor, wanted: Tensor, what: str) -> Tensor:
    if found.shape != wanted.shape:
        raise ValueError(
            f"the {what} are {tuple(found.shape)} and the wanted ones {tuple(wanted.shape)}; take both from the same "
            "layer, of pictures of the same size"
        )
    return (found - wanted).square().sum()
