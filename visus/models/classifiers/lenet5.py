"""LeNet-5: two convolutions with pooling, a third that sees all, two linear layers (LeCun et al., 1998).

Differs from the paper, section II.B: pooling has no coefficients of its own, tanh is not rescaled, every map of C3
sees every map of S2, and the scores come from a linear layer instead of distances to drawn characters. Below 32
pixels the first convolution pads by two, as the paper padded its digits of 28 x 28 to 32 x 32.
"""

from typing import Literal

from torch import Tensor, nn

from ...layers import initialise
from . import _layout

SMALLEST = 28
PADDED_BELOW_PX = 32


class LeNet5(nn.Module):
    """Float images (B, C, H, W), 28 x 28 or larger -> class scores (B, K)."""

    def __init__(self, image: tuple[int, int, int], n_classes: int, activation: str, pool: str) -> None:
        super().__init__()
        C, H, W = image
        bend = nn.Tanh if activation == "tanh" else nn.ReLU
        halve = nn.AvgPool2d if pool == "average" else nn.MaxPool2d
        padding = 2 if min(H, W) < PADDED_BELOW_PX else 0
        h, w = (((side + 2 * padding - 4) // 2 - 4) // 2 - 4 for side in (H, W))  # 1 x 1 for 28 and for 32
        self.features = nn.Sequential(
            *(nn.Conv2d(C, 6, 5, padding=padding), bend(), halve(2)),  # (B, 6, 14, 14)
            *(nn.Conv2d(6, 16, 5), bend(), halve(2)),  # (B, 16, 5, 5)
            *(nn.Conv2d(16, 120, 5), bend()),  # (B, 120, 1, 1)
        )
        self.decide = nn.Sequential(nn.Flatten(), nn.Linear(120 * h * w, 84), bend(), nn.Linear(84, n_classes))

    def forward(self, images: Tensor) -> Tensor:
        return self.decide(self.features(images))


def build(
    image: tuple[int, int, int],
    n_classes: int,
    activation: Literal["tanh", "relu"] = "tanh",
    pool: Literal["average", "max"] = "average",
) -> nn.Module:
    """activation, pool: tanh and average are the paper's; relu and max are what came later."""
    _layout.one_of("activation", activation, ("tanh", "relu"))
    _layout.one_of("pool", pool, ("average", "max"))
    _layout.require("lenet5", image, SMALLEST)
    network = LeNet5(image, n_classes, activation, pool)
    _layout.start(network, network.decide[-1])
    if activation == "tanh":  # He's variance is for ReLU, which silences half
        for module in [*network.features, *network.decide][:-1]:
            if isinstance(module, nn.Conv2d | nn.Linear):
                initialise.glorot(module.weight)
    return network
