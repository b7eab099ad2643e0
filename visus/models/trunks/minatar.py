"""A small network for small pictures: one convolution and a linear layer (Young and Tian, 2019).

Source: MinAtar, section 3.1, where a picture has 10 x 10 pixels, without the last layer, which is the player's.
"""

from torch import nn

from ...geometry.spaces import Observed
from ._convolving import Convolving

LAYERS = ((16, 3, 1),)  # channels, kernel, stride: (B, 4, 10, 10) -> (B, 16, 8, 8)


def build(observed: Observed, width: int = 128) -> nn.Module:
    """Small pictures -> features (B, width). Raises ValueError for pictures with a side below 3 pixels."""
    return Convolving(observed, LAYERS, width)
