"""AlexNet as it won in 2012: two groups of maps, one a GPU, and local response normalisation (Krizhevsky et al., 2012).

Pictures are 227 x 227 (the paper prints 224, from which its own sizes do not follow): convolutions 2, 4 and 5 see only
the maps of their own group, convolution 3 and the linear layers see both. Differs from the paper: He's initialisation,
biases start at 0.
"""

from torch import Tensor, nn

from . import _layout

SMALLEST = 67  # (67 - 11) / 4 + 1 = 15, of which three poolings of 3 with stride 2 leave 7, 3, 1
NEIGHBOURS, STRENGTH, EXPONENT, OFFSET = 5, 1e-4, 0.75, 2.0  # n, alpha, beta and k of section 3.3


def normalised() -> nn.LocalResponseNorm:
    """Divide each map by what its neighbours say: b = a / (k + alpha * sum of a^2 over n maps) ** beta."""
    return nn.LocalResponseNorm(NEIGHBOURS, STRENGTH * NEIGHBOURS, EXPONENT, OFFSET)  # torch divides alpha by n


class AlexNetTwoGroups(nn.Module):
    """Float images (B, C, H, W), 227 x 227 in the paper -> class scores (B, K)."""

    def __init__(self, image: tuple[int, int, int], n_classes: int, groups: int, dropout: float) -> None:
        super().__init__()
        C, H, W = image
        self.features = nn.Sequential(
            *(nn.Conv2d(C, 96, 11, stride=4), nn.ReLU(), normalised(), nn.MaxPool2d(3, 2)),  # (B, 96, 27, 27)
            *(nn.Conv2d(96, 256, 5, padding=2, groups=groups), nn.ReLU(), normalised(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()),  # (B, 384, 13, 13)
            *(nn.Conv2d(384, 384, 3, padding=1, groups=groups), nn.ReLU()),
            *(nn.Conv2d(384, 256, 3, padding=1, groups=groups), nn.ReLU(), nn.MaxPool2d(3, 2)),  # (B, 256, 6, 6)
        )
        h, w = (((((side - 11) // 4 + 1 - 1) // 2 - 1) // 2 - 1) // 2 for side in (H, W))  # 6 x 6 for 227
        self.classifier = nn.Sequential(
            nn.Flatten(),
            *(nn.Linear(256 * h * w, 4096), nn.ReLU(), nn.Dropout(dropout)),
            *(nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(dropout)),
            nn.Linear(4096, n_classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.features(images))


def build(image: tuple[int, int, int], n_classes: int, groups: int = 2, dropout: float = 0.5) -> nn.Module:
    """groups: 2, one a GPU, or 1 for maps that all see each other. dropout: probability to drop a linear unit."""
    _layout.one_of("groups", groups, (1, 2))
    _layout.require("alexnet_two_groups", image, SMALLEST)
    network = AlexNetTwoGroups(image, n_classes, groups, dropout)
    _layout.start(network, network.classifier[-1])
    return network
