"""A convolutional network on rows that are flattened pictures."""

from math import isqrt

import numpy as np
from torch import Tensor, nn

from ..losses.cross_entropy import cross_entropy
from ..models.classifiers import small_conv
from ..tasks.classify import Loss
from ._descent import DescentClassifier
from ._rows import Floats, at_least

CHANNELS = (1, 3)


class ConvNet(DescentClassifier):
    """The recipe's `small_conv` on rows: pictures as `images.reshape(n, -1)` leaves them.

    image_shape: (H, W), (H, W, C) or (C, H, W), C being 1 or 3. None: a square grey picture where the number of
    features allows it, else a square (H, W, 3), else a strip 1 x d. Pictures are standardised by colour, strips by
    feature. width: channels of the first stage. lr: highest learning rate, which rises and falls once. batch: rows a
    step, 0 for about 40 steps an epoch, else at least 2, because batch norm learns nothing from one.
    """

    def __init__(
        self,
        image_shape: tuple[int, ...] | None = None,
        width: int = 16,
        dropout: float = 0.0,
        optimizer: str = "nesterov",
        lr: float = 0.1,
        weight_decay: float = 5e-4,
        epochs: int = 20,
        batch: int = 0,
        standardise: bool = True,
        random_state: int | None = 0,
    ) -> None:
        self.image_shape = image_shape
        self.width = width
        self.dropout = dropout
        self.optimizer = optimizer
        self.lr = lr
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.batch = batch
        self.standardise = standardise
        self.random_state = random_state

    def _network(self, n_features: int, n_classes: int) -> nn.Module:
        at_least(1, width=self.width)
        if self.batch == 1:
            raise ValueError("batch must be 0 or at least 2, because batch norm learns nothing from one row; got 1")
        shape, colours_last = picture_shape(n_features, self.image_shape)
        network = small_conv.build(shape, n_classes, self.width, self.dropout)
        return nn.Sequential(_Pictures(shape, colours_last), network)

    def _loss(self) -> Loss:
        return cross_entropy

    def _statistics(self, rows: Floats) -> tuple[Floats, Floats]:
        (C, H, W), colours_last = picture_shape(rows.shape[1], self.image_shape)
        if H == 1:
            return super()._statistics(rows)
        pictures = rows.reshape(len(rows), H * W, C) if colours_last else rows.reshape(len(rows), C, H * W)
        axes = (0, 1) if colours_last else (0, 2)
        mean, scale = pictures.mean(axes, dtype=np.float64), pictures.std(axes, dtype=np.float64)
        scale[scale <= 10 * np.finfo(np.float64).eps * np.abs(mean)] = 1.0  # a colour that never changes
        spread = np.tile if colours_last else np.repeat
        return spread(mean, H * W), spread(scale, H * W)


class _Pictures(nn.Module):
    """Rows (B, d) -> pictures (B, C, H, W)."""

    def __init__(self, shape: tuple[int, int, int], colours_last: bool) -> None:
        super().__init__()
        self.shape, self.colours_last = shape, colours_last

    def forward(self, rows: Tensor) -> Tensor:
        C, H, W = self.shape
        if self.colours_last:
            return rows.reshape(-1, H, W, C).permute(0, 3, 1, 2)
        return rows.reshape(-1, C, H, W)


def picture_shape(n_features: int, given: tuple[int, ...] | None) -> tuple[tuple[int, int, int], bool]:
    """(C, H, W) of the pictures that rows of so many features hold, and whether colours stand last in a row.

    Raises ValueError for a shape that is none, or that does not have so many values.
    """
    if given is None:
        side, colour_side = isqrt(n_features), isqrt(n_features // 3)
        if side**2 == n_features:
            return (1, side, side), False
        if 3 * colour_side**2 == n_features:
            return (3, colour_side, colour_side), True
        return (1, 1, n_features), False
    shape = tuple(int(length) for length in given)
    if len(shape) == 2:
        shape = (1, *shape)
    if len(shape) != 3 or min(shape) < 1 or not {shape[0], shape[2]} & set(CHANNELS):
        raise ValueError(f"image_shape must be (H, W), (H, W, C) or (C, H, W) with 1 or 3 colours C; got {given}")
    if int(np.prod(shape)) != n_features:
        raise ValueError(f"image_shape {given} has {int(np.prod(shape))} values, but a row has {n_features} features")
    if len(given) == 3 and shape[2] in CHANNELS:
        return (shape[2], shape[0], shape[1]), True
    return (shape[0], shape[1], shape[2]), False
