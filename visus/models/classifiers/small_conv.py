"""A small fast convolutional net for pictures up to about 64 pixels: seven 3x3 convolutions in four stages.

Shaped by what costs time on a CPU: pooling stands before normalisation and ReLU, so that these work on a quarter of
the values, and every second convolution adds to its input (He et al., 2016) where that is cheap.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from ...layers.narrow import Conv3x3

SCORE_SCALE = 0.125  # the loss starts at ln K, and the last layer does not run ahead of the others at a high rate


class Stage(nn.Module):
    """Halve the resolution, then refine: (B, C, H, W) -> (B, n_out, H/2, W/2); sizes below 2 are not halved."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.widen = Conv3x3(n_in, n_out)
        self.widen_norm = nn.BatchNorm2d(n_out)
        self.refine = Conv3x3(n_out, n_out)
        self.refine_norm = nn.BatchNorm2d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.widen(x)
        if min(x.shape[2:]) >= 2:
            x = F.max_pool2d(x, 2)
        x = F.relu(self.widen_norm(x))
        return x + F.relu(self.refine_norm(self.refine(x)))


class SmallConv(nn.Module):
    """Float images (B, C, H, W) of any size -> class scores (B, K)."""

    def __init__(self, channels: int, n_classes: int, width: int = 64, dropout: float = 0.0) -> None:
        super().__init__()
        n_stem = width // 2
        self.stem = nn.Conv2d(channels, n_stem, 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(n_stem)
        self.stages = nn.Sequential(Stage(n_stem, width), Stage(width, 2 * width), Stage(2 * width, 4 * width))
        self.dropout = nn.Dropout(dropout)
        self.decide = nn.Linear(4 * width, n_classes)

    def forward(self, images: Tensor) -> Tensor:
        x = F.relu(self.stem_norm(self.stem(images)))
        x = self.stages(x).amax((2, 3))  # (B, 4 * width): the strongest answer anywhere in the picture
        return SCORE_SCALE * self.decide(self.dropout(x))


def build(image: tuple[int, int, int], n_classes: int, width: int = 64, dropout: float = 0.0) -> nn.Module:
    """width: channels of the first stage, doubled in each of the next two. dropout: probability to drop a feature."""
    return SmallConv(image[0], n_classes, width, dropout)
