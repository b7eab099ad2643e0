"""ZFNet: AlexNet with a finer first look, 7x7 at every second pixel (Zeiler and Fergus, 2014).

The widths 512, 1024, 512 of convolutions 3 to 5 are those of its best net (table 3); figure 3 draws AlexNet's 384, 384,
256. Differs from the paper: He's initialisation, and a filter that grows too long is not brought back.
"""

from torch import Tensor, nn

from . import _layout

SMALLEST = 53  # convolutions and poolings leave 25, 13, 5, 3, 1


def normalised() -> nn.LocalResponseNorm:
    """Divide each map by what its neighbours say, as AlexNet does; torch divides alpha by their number, 5."""
    return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)


class ZFNet(nn.Module):
    """Float images (B, C, H, W), 224 x 224 in the paper -> class scores (B, K)."""

    def __init__(self, image: tuple[int, int, int], n_classes: int, wide: bool, dropout: float) -> None:
        super().__init__()
        C, H, W = image
        n3, n4, n5 = (512, 1024, 512) if wide else (384, 384, 256)
        self.features = nn.Sequential(
            *(nn.Conv2d(C, 96, 7, 2, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1), normalised()),  # 55 x 55
            *(nn.Conv2d(96, 256, 5, 2), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1), normalised()),  # (B, 256, 13, 13)
            *(nn.Conv2d(256, n3, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(n3, n4, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(n4, n5, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),  # (B, 512, 6, 6)
        )
        h, w = (_side_left(side) for side in (H, W))
        self.classifier = nn.Sequential(
            nn.Flatten(),
            *(nn.Linear(n5 * h * w, 4096), nn.ReLU(), nn.Dropout(dropout)),
            *(nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(dropout)),
            nn.Linear(4096, n_classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.features(images))


def _side_left(side: int) -> int:
    """Pixels a side after the last pooling: 6 for 224."""
    side = ((side - 5) // 2 + 1 - 1) // 2 + 1  # first convolution and pooling
    side = ((side - 5) // 2 + 1 - 1) // 2 + 1  # second
    return (side - 3) // 2 + 1


def build(image: tuple[int, int, int], n_classes: int, wide: bool = True, dropout: float = 0.5) -> nn.Module:
    """wide: 512, 1024, 512 maps in convolutions 3 to 5, instead of 384, 384, 256. dropout: of a linear unit."""
    _layout.require("zfnet", image, SMALLEST)
    network = ZFNet(image, n_classes, wide, dropout)
    _layout.start(network, network.classifier[-1])
    return network
