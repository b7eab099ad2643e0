"""A multi-layer perceptron: fully connected layers with ReLU, or what you choose, between them."""

from itertools import pairwise

from torch import nn

from ...layers import activations, initialise, norms
from ...layers.activations import Activation
from ...layers.dropconnect import DropConnectLinear
from ...layers.dropout import OF_UNITS, Drop, check_share
from ...layers.initialise import Initialiser
from ...layers.norms import Norm

TAKES_ROWS = True  # a row of numbers will do: nothing is asked of its neighbours in a picture
SMALL_START = 0.01  # deviation of the last layer's weights, so that the loss starts at ln K


def build(
    image: tuple[int, int, int],
    n_classes: int,
    hidden: int = 256,
    layers: int = 2,
    activation: Activation = "relu",
    norm: Norm = "none",
    dropout: float = 0.0,
    drop: Drop = "inverted",
    init: Initialiser = "he",
) -> nn.Module:
    """Float images (B, C, H, W) -> scores (B, K): {affine - [norm] - activation - [dropout]} x (layers - 1) - affine.

    hidden: units of each of the `layers - 1` hidden layers. dropout: probability to drop a hidden unit, or with
    drop="dropconnect" each weight that leaves one. init: start of the hidden layers' weights; the last layer starts
    small whatever it says, and at 0 with "zero". Biases start at 0. Raises ValueError for a setting it cannot be.
    """
    if drop not in (*OF_UNITS, "dropconnect"):
        raise ValueError(f"drop must be one of {', '.join(OF_UNITS)}, dropconnect; got '{drop}'")
    check_share(dropout)
    if hidden < 1 or layers < 1:
        raise ValueError(f"an mlp needs at least 1 layer and 1 hidden unit; got layers={layers}, hidden={hidden}")
    with_bias = norm != "batch"  # a batch norm that follows would cancel it
    C, H, W = image
    modules: list[nn.Module] = [nn.Flatten()]
    for depth, (n_in, n_out) in enumerate(pairwise([C * H * W, *[hidden] * (layers - 1)])):
        modules.append(
            _affine(n_in, n_out * activations.widening(activation), drop, dropout if depth else 0.0, with_bias)
        )
        normalise = norms.of_features(norm, n_out * activations.widening(activation))
        modules += [normalise] if normalise else []
        modules.append(activations.named(activation))
        modules += [OF_UNITS[drop](dropout)] if drop in OF_UNITS else []
    last = _affine(hidden if layers > 1 else C * H * W, n_classes, drop, dropout if layers > 1 else 0.0, bias=True)
    network = nn.Sequential(*modules, last)
    for module in network:
        if isinstance(module, nn.Linear):
            initialise.named(init)(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    if init != "zero":
        nn.init.normal_(last.weight, std=SMALL_START)
    return network


def _affine(n_in: int, n_out: int, drop: str, dropout: float, bias: bool) -> nn.Linear:
    if drop == "dropconnect" and dropout:
        return DropConnectLinear(n_in, n_out, dropout, bias)
    return nn.Linear(n_in, n_out, bias)
