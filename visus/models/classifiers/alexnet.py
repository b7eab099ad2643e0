"""AlexNet in one tower: five convolutions, three linear layers (Krizhevsky, 2014), names as in torchvision.

The narrower net of "One weird trick for parallelizing convolutional neural networks", without local response
normalisation; `alexnet_two_groups` is the net of 2012. Below 96 pixels the first convolution is 3x3 at every pixel and
one linear layer decides: 4096 units would have nothing to look at.
"""

from typing import Literal

from torch import Tensor, nn

from . import _layout

SMALLEST, SMALLEST_IMAGENET = 15, 63  # what three poolings of 3 with stride 2, and the stem, leave one pixel of


class AlexNet(nn.Module):
    """Float images (B, C, H, W), 224 x 224 in the paper -> class scores (B, K)."""

    def __init__(self, channels: int, n_classes: int, small: bool, dropout: float) -> None:
        super().__init__()
        self.small = small
        stem = nn.Conv2d(channels, 64, 3, padding=1) if small else nn.Conv2d(channels, 64, 11, stride=4, padding=2)
        self.features = nn.Sequential(
            *(stem, nn.ReLU(), nn.MaxPool2d(3, 2)),  # (B, 64, 27, 27)
            *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),  # (B, 192, 13, 13)
            *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),  # (B, 256, 6, 6)
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1 if small else 6)
        self.classifier = (
            nn.Sequential(nn.Dropout(dropout), nn.Linear(256, n_classes))
            if small
            else nn.Sequential(
                *(nn.Dropout(dropout), nn.Linear(256 * 6 * 6, 4096), nn.ReLU()),
                *(nn.Dropout(dropout), nn.Linear(4096, 4096), nn.ReLU()),
                nn.Linear(4096, n_classes),
            )
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(images)).flatten(1))


def build(
    image: tuple[int, int, int],
    n_classes: int,
    dropout: float = 0.5,
    layout: Literal["auto", "imagenet", "small"] = "auto",
) -> nn.Module:
    """dropout: probability to drop what enters a linear layer. layout: auto is small below 96 pixels."""
    small = _layout.is_small(image, layout)
    _layout.require("alexnet", image, SMALLEST if small else SMALLEST_IMAGENET)
    network = AlexNet(image[0], n_classes, small, dropout)
    _layout.start(network, network.classifier[-1])
    return network
