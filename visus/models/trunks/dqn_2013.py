"""The network that first played Atari from pixels: two convolutions and a linear layer (Mnih et al., 2013).

Source: Playing Atari with Deep Reinforcement Learning, section 4.1, without the last layer, which is the player's.
"""

from torch import nn

from ...geometry.spaces import Observed
from ._convolving import Convolving

LAYERS = ((16, 8, 4), (32, 4, 2))  # channels, kernel, stride: (B, 4, 84, 84) -> (B, 16, 20, 20) -> (B, 32, 9, 9)


def build(observed: Observed, width: int = 256) -> nn.Module:
    """Stacked frames -> features (B, width). Raises ValueError for pictures with a side below 20 pixels."""
    return Convolving(observed, LAYERS, width)
