"""Network in network: after each convolution a small perceptron at every pixel, as 1x1 convolutions (Lin et al., 2014).

No linear layer: the last 1x1 convolution has one map a class, and its average over the picture is the score. Below 96
pixels the net of the paper's CIFAR experiments; from there on the authors' net for ImageNet. Differs from them: no ReLU
after the last map, so that a score may be negative.
"""

from typing import Literal

from torch import Tensor, nn

from . import _layout

SMALLEST_IMAGENET = 67  # (67 - 11) / 4 + 1 = 15, of which three poolings of 3 with stride 2 leave 7, 3, 1


def look(n_in: int, n_out: int, field: int, *perceptron: int, stride: int = 1, padding: int = 0) -> nn.Sequential:
    """A convolution of `field` pixels a side, then layers of a perceptron with so many units at every pixel."""
    layers: list[nn.Module] = [nn.Conv2d(n_in, n_out, field, stride, padding), nn.ReLU()]
    for n_units in perceptron:
        layers += [nn.Conv2d(n_out, n_units, 1), nn.ReLU()]
        n_out = n_units
    return nn.Sequential(*layers)


class NiN(nn.Module):
    """Float images (B, C, H, W) -> class scores (B, K)."""

    def __init__(self, channels: int, n_classes: int, dropout: float, small: bool) -> None:
        super().__init__()
        self.features = (
            nn.Sequential(
                *(look(channels, 192, 5, 160, 96, padding=2), nn.MaxPool2d(3, 2, padding=1), nn.Dropout(dropout)),
                *(look(96, 192, 5, 192, 192, padding=2), nn.AvgPool2d(3, 2, padding=1), nn.Dropout(dropout)),
                look(192, 192, 3, 192, padding=1),  # (B, 192, 8, 8) of 32 x 32
            )
            if small
            else nn.Sequential(
                *(look(channels, 96, 11, 96, 96, stride=4), nn.MaxPool2d(3, 2)),
                *(look(96, 256, 5, 256, 256, padding=2), nn.MaxPool2d(3, 2)),
                *(look(256, 384, 3, 384, 384, padding=1), nn.MaxPool2d(3, 2), nn.Dropout(dropout)),
                look(384, 1024, 3, 1024, padding=1),  # (B, 1024, 5, 5) of 224 x 224
            )
        )
        self.classes = nn.Conv2d(192 if small else 1024, n_classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        return self.classes(self.features(images)).mean((2, 3))


def build(
    image: tuple[int, int, int],
    n_classes: int,
    dropout: float = 0.5,
    layout: Literal["auto", "imagenet", "small"] = "auto",
) -> nn.Module:
    """dropout: probability to drop a value between the stages. layout: auto is small below 96 pixels."""
    small = _layout.is_small(image, layout)
    _layout.require("nin", image, 1 if small else SMALLEST_IMAGENET)
    network = NiN(image[0], n_classes, dropout, small)
    _layout.start(network, network.classes)
    return network
