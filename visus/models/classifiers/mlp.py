"""A multi-layer perceptron: fully connected layers with ReLU between them."""

from itertools import pairwise

from torch import nn


def build(
    image: tuple[int, int, int], n_classes: int, hidden: int = 256, layers: int = 2, dropout: float = 0.0
) -> nn.Module:
    """Float images (B, C, H, W) -> scores (B, K), with `layers - 1` hidden layers of `hidden` units.

    dropout: probability to drop a hidden unit. Weights start as He et al., 2015 propose for ReLU: std sqrt(2 / n_in).
    """
    C, H, W = image
    modules: list[nn.Module] = [nn.Flatten()]
    for n_in, n_out in pairwise([C * H * W, *[hidden] * (layers - 1)]):
        modules += [nn.Linear(n_in, n_out), nn.ReLU(), nn.Dropout(dropout)]
    last = nn.Linear(hidden if layers > 1 else C * H * W, n_classes)
    network = nn.Sequential(*modules, last)
    for module in network:
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)
    nn.init.normal_(last.weight, std=0.01)  # so that the loss starts at ln K
    return network
