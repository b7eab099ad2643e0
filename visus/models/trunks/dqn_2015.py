"""The network of deep Q-learning at the level of people: three convolutions and a linear layer (Mnih et al., 2015).

Source: Human-level control through deep reinforcement learning, Methods, without the last layer, which is the player's.
"""

from torch import nn

from ...geometry.spaces import Observed
from ._convolving import Convolving

# channels, kernel, stride: (B, 4, 84, 84) -> (B, 32, 20, 20) -> (B, 64, 9, 9) -> (B, 64, 7, 7)
LAYERS = ((32, 8, 4), (64, 4, 2), (64, 3, 1))


def build(observed: Observed, width: int = 512) -> nn.Module:
    """Stacked frames -> features (B, width). Raises ValueError for pictures with a side below 36 pixels."""
    return Convolving(observed, LAYERS, width)
