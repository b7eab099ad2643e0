"""VGG: nothing but 3x3 convolutions and 2x2 poolings, 11 to 19 layers deep (Simonyan and Zisserman, 2015).

Names as in torchvision. The paper trained the deeper nets from the layers of the shallow one; He's initialisation, or
batch normalisation, made that unnecessary. Below 96 pixels one linear layer decides, as is usual for CIFAR, and a
pooling that would leave less than one pixel is left out.
"""

from typing import Literal

from torch import Tensor, nn

from . import _layout

SMALLEST, SMALLEST_IMAGENET = 16, 32
STAGES = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}  # columns A, B, D, E
WIDTHS = (64, 128, 256, 512, 512)


class VGG(nn.Module):
    """Float images (B, C, H, W), 224 x 224 in the paper -> class scores (B, K)."""

    def __init__(
        self, image: tuple[int, int, int], n_classes: int, depth: int, batch_norm: bool, dropout: float, small: bool
    ) -> None:
        super().__init__()
        self.small = small
        n_in, side = image[0], min(image[1:])
        modules: list[nn.Module] = []
        for n_layers, width in zip(STAGES[depth], WIDTHS, strict=True):
            for _ in range(n_layers):
                modules.append(nn.Conv2d(n_in, width, 3, padding=1))
                modules += [nn.BatchNorm2d(width)] if batch_norm else []
                modules.append(nn.ReLU())
                n_in = width
            modules.append(nn.MaxPool2d(2) if side >= 2 else nn.Identity())
            side //= 2
        self.features = nn.Sequential(*modules)  # (B, 512, 7, 7) of 224 x 224
        self.avgpool = nn.AdaptiveAvgPool2d(1 if small else 7)
        self.classifier = (
            nn.Sequential(nn.Dropout(dropout), nn.Linear(512, n_classes))
            if small
            else nn.Sequential(
                *(nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Dropout(dropout)),
                *(nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(dropout)),
                nn.Linear(4096, n_classes),
            )
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(images)).flatten(1))


def build(
    image: tuple[int, int, int],
    n_classes: int,
    depth: int = 16,
    batch_norm: bool = False,
    dropout: float = 0.5,
    layout: Literal["auto", "imagenet", "small"] = "auto",
) -> nn.Module:
    """depth: 11, 13, 16 or 19 layers with weights. batch_norm: normalise after each convolution, which later became
    usual. dropout: probability to drop what enters the last layers. layout: auto is small below 96 pixels.
    """
    _layout.one_of("depth", depth, STAGES)
    small = _layout.is_small(image, layout)
    _layout.require("vgg", image, SMALLEST if small else SMALLEST_IMAGENET)
    network = VGG(image, n_classes, depth, batch_norm, dropout, small)
    _layout.start(network, network.classifier[-1])
    return network
