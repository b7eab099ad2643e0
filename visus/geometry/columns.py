"""A convolution as one matrix product: every window of a picture as a column (im2col), and back (col2im).

Windows overlap, so a pixel stands in several columns: the matrix is up to F * F times as large as the picture, which is
the price of one large product in place of many small ones. `col2im` adds the copies up again, and so is the gradient of
`im2col`. Source: Chellapilla et al., 2006.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from .arithmetic import conv_output


def im2col(images: Tensor, field: int, stride: int = 1, padding: int = 0) -> Tensor:
    """Windows as columns: (B, C, H, W) -> (B, C * field * field, places), row by row over the picture.

    Raises ValueError for a window that is larger than the padded picture. What does not fill a stride is left out.
    """
    places = [conv_output(size, field, stride, padding, whole=False) for size in images.shape[2:]]
    windows = F.pad(images, (padding,) * 4).unfold(2, field, stride).unfold(3, field, stride)  # (B, C, h, w, F, F)
    return windows.permute(0, 1, 4, 5, 2, 3).reshape(len(images), -1, places[0] * places[1])


def col2im(columns: Tensor, size: tuple[int, int], field: int, stride: int = 1, padding: int = 0) -> Tensor:
    """Columns (B, C * field * field, places) added up where they came from -> (B, C, *size). size: (H, W).

    Raises ValueError if the columns cannot come from a picture of that size.
    """
    h, w = (conv_output(n, field, stride, padding, whole=False) for n in size)
    if columns.shape[1] % (field * field) or columns.shape[2] != h * w:
        raise ValueError(
            f"columns {tuple(columns.shape)} are not of a {size[0]} x {size[1]} picture: with a field of {field}, "
            f"stride {stride} and padding {padding} they are (B, C * {field * field}, {h * w})"
        )
    windows = columns.unflatten(1, (-1, field, field)).unflatten(-1, (h, w))  # (B, C, F, F, h, w)
    padded = columns.new_zeros(len(columns), windows.shape[1], size[0] + 2 * padding, size[1] + 2 * padding)
    for down in range(field):
        for across in range(field):
            rows, lines = slice(down, down + stride * h, stride), slice(across, across + stride * w, stride)
            padded[:, :, rows, lines] += windows[:, :, down, across]
    return padded[:, :, padding : padding + size[0], padding : padding + size[1]]


def conv_by_matrix(
    images: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1, padding: int = 0
) -> Tensor:
    """A convolution as W_row @ X_col: (B, C, H, W) with weight (K, C, F, F) -> (B, K, h, w)."""
    field = weight.shape[2]
    h, w = (conv_output(size, field, stride, padding, whole=False) for size in images.shape[2:])
    scores = weight.flatten(1) @ im2col(images, field, stride, padding)  # (K, CFF) @ (B, CFF, hw)
    return (scores if bias is None else scores + bias[:, None]).unflatten(2, (h, w))


def conv_backward(upstream: Tensor, weight: Tensor, padding: int = 0) -> Tensor:
    """The gradient of a convolution with stride 1 by its input, itself a convolution -> (B, C, H, W).

    Of the upstream gradient (B, K, h, w), with the filters (K, C, F, F) turned by 180 degrees and their channel axes
    exchanged. padding: of the forward convolution, below F.
    """
    turned = weight.flip(2, 3).transpose(0, 1)
    return torch.conv2d(upstream, turned, padding=weight.shape[2] - 1 - padding)
