"""Convolutions at full resolution: every layer as large as the picture, so that nothing has to be enlarged again.

The step between a classifier at every window and an FCN: what it answers equals `sliding_window`'s, all windows at
once. It is slow all the same, and each pixel sees only the few around it, 2 depth + 1 across.
"""

from torch import Tensor, nn
from torch.nn import functional as F

START = 0.01  # deviation of the scoring weights: every class is as likely, and the loss starts at ln K


class FullResolution(nn.Module):
    """Float images (B, C, H, W) -> class scores (B, K, H, W); beyond its border a picture is 0."""

    def __init__(self, channels: int, n_classes: int, width: int, depth: int) -> None:
        super().__init__()
        self.depth = depth
        layers: list[nn.Module] = []
        for n_in in [channels, *[width] * (depth - 1)]:
            layers += [nn.Conv2d(n_in, width, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        self.see = nn.Sequential(*layers)
        self.scores = nn.Conv2d(width, n_classes, 1)
        for layer in self.see:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.normal_(self.scores.weight, std=START)
        assert self.scores.bias is not None
        nn.init.zeros_(self.scores.bias)

    def windows_at_once(self, images: Tensor) -> Tensor:
        """Scores of every pixel by one pass over the whole picture."""
        # Padded once, at the picture: padding at each layer would show a window at the border other values.
        return self.scores(self.see(F.pad(images, (self.depth,) * 4)))

    def forward(self, images: Tensor) -> Tensor:
        return self.windows_at_once(images)


def build(image: tuple[int, int, int], n_classes: int, width: int = 32, depth: int = 6) -> nn.Module:
    """width: maps of every layer. depth: 3x3 convolutions one behind the other."""
    if width < 1 or depth < 1:
        raise ValueError(f"width and depth must be at least 1; got width={width}, depth={depth}")
    return FullResolution(image[0], n_classes, width, depth)
