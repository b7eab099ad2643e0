"""Fully connected layers with an activation after each: for observations of a few numbers."""

from itertools import pairwise

from torch import Tensor, nn

from ...geometry.spaces import Observed
from ...layers import activations
from ...layers.activations import Activation
from ._convolving import brightest, scaled

MOST = 64 * 64  # pixels or numbers that are looked at one by one; beyond, convolutions see more with fewer weights


class MLP(nn.Module):
    """Observations (B, *shape) -> features (B, width): {affine - activation} x layers."""

    def __init__(self, observed: Observed, hidden: int, layers: int, activation: Activation) -> None:
        super().__init__()
        self.width, self.brightest = hidden, brightest(observed)
        widening = activations.widening(activation)
        modules: list[nn.Module] = []
        for n_in, n_out in pairwise([observed.values, *[hidden] * layers]):
            modules += [nn.Linear(n_in, n_out * widening), activations.named(activation)]
        self.think = nn.Sequential(*modules)

    def forward(self, observations: Tensor) -> Tensor:
        return self.think(scaled(observations.flatten(1), self.brightest, self.think))


def build(observed: Observed, hidden: int = 64, layers: int = 2, activation: Activation = "relu") -> nn.Module:
    """hidden: units of each of the `layers` layers, and so of the features. Raises ValueError for sizes that cannot
    be, and for large pictures, which are seen through convolutions.
    """
    if hidden < 1 or layers < 1:
        raise ValueError(f"an mlp needs at least 1 layer and 1 hidden unit; got layers={layers}, hidden={hidden}")
    if observed.dtype == "uint8" and observed.values > MOST:
        raise ValueError(
            f"pictures of {' x '.join(map(str, observed.shape))} are too large for trunk=mlp, which looks at each "
            "pixel by itself; take trunk=dqn_2015"
        )
    return MLP(observed, hidden, layers, activation)
