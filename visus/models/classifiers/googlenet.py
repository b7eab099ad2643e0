"""GoogLeNet: nine inception modules, each with four looks side by side (Szegedy et al., 2015), names as in torchvision.

Differs from the paper as torchvision does, whose weights it takes: every convolution is batch-normalised, and the look
of 5x5 pixels is 3x3. Below 96 pixels the first convolution is 3x3 at every pixel, without the pooling behind it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn

from . import _layout

SMALLEST, SMALLEST_IMAGENET = 8, 15
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and deviation by which torchvision standardises
AUXILIARY_DROPOUT = 0.7  # section 5


class Conv(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, n_in: int, n_out: int, field: int, stride: int = 1, padding: int = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, field, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(n_out, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x)).relu()


class Inception(nn.Module):
    """(B, n_in, H, W) -> (B, sum of the four looks, H, W); 1x1 convolutions make the larger looks affordable."""

    def __init__(self, n_in: int, n1: int, reduce3: int, n3: int, reduce5: int, n5: int, n_pool: int) -> None:
        super().__init__()
        self.branch1 = Conv(n_in, n1, 1)
        self.branch2 = nn.Sequential(Conv(n_in, reduce3, 1), Conv(reduce3, n3, 3, padding=1))
        self.branch3 = nn.Sequential(Conv(n_in, reduce5, 1), Conv(reduce5, n5, 3, padding=1))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, padding=1, ceil_mode=True), Conv(n_in, n_pool, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class Auxiliary(nn.Module):
    """A classifier half-way, so that the gradient reaches the lower modules: (B, n_in, H, W) -> (B, K)."""

    def __init__(self, n_in: int, n_classes: int, dropout: float) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.conv = Conv(n_in, 128, 1)
        self.fc1, self.dropout, self.fc2 = nn.Linear(2048, 1024), nn.Dropout(dropout), nn.Linear(1024, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc1(self.conv(self.pool(x)).flatten(1)).relu()
        return self.fc2(self.dropout(x))


class GoogLeNet(nn.Module):
    """Float images (B, C, H, W), 224 x 224 in the paper -> class scores (B, K)."""

    def __init__(self, channels: int, n_classes: int, dropout: float, transform_input: bool, small: bool) -> None:
        super().__init__()
        self.small = small
        self.transform_input = transform_input
        self.conv1 = Conv(channels, 64, 3, padding=1) if small else Conv(channels, 64, 7, stride=2, padding=3)
        self.maxpool1 = nn.Identity() if small else nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv2 = Conv(64, 64, 1)
        self.conv3 = Conv(64, 192, 3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.inception3a = Inception(192, 64, 96, 128, 16, 32, 32)
        self.inception3b = Inception(256, 128, 128, 192, 32, 96, 64)
        self.maxpool3 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.inception4a = Inception(480, 192, 96, 208, 16, 48, 64)
        self.inception4b = Inception(512, 160, 112, 224, 24, 64, 64)
        self.inception4c = Inception(512, 128, 128, 256, 24, 64, 64)
        self.inception4d = Inception(512, 112, 144, 288, 32, 64, 64)
        self.inception4e = Inception(528, 256, 160, 320, 32, 128, 128)
        self.maxpool4 = nn.MaxPool2d(2, 2, ceil_mode=True)
        self.inception5a = Inception(832, 256, 160, 320, 32, 128, 128)
        self.inception5b = Inception(832, 384, 192, 384, 48, 128, 128)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(1024, n_classes)

    def forward(self, images: Tensor) -> Tensor:
        x = self.conv1(from_minus_1_to_1(images) if self.transform_input else images)
        x = self.conv3(self.conv2(self.maxpool1(x)))  # (B, 192, 56, 56) of 224 x 224
        x = self.inception3b(self.inception3a(self.maxpool2(x)))  # (B, 480, 28, 28)
        x = self.inception4c(self.inception4b(self.inception4a(self.maxpool3(x))))
        x = self.inception4e(self.inception4d(x))  # (B, 832, 14, 14)
        x = self.inception5b(self.inception5a(self.maxpool4(x)))  # (B, 1024, 7, 7)
        return self.fc(self.dropout(x.mean((2, 3))))


class GoogLeNetWithAuxiliary(GoogLeNet):
    """GoogLeNet with two classifiers half-way, for training: the same call gives the same scores as without them."""

    N_AUXILIARY = 2

    def __init__(self, channels: int, n_classes: int, dropout: float, transform_input: bool, small: bool) -> None:
        super().__init__(channels, n_classes, dropout, transform_input, small)
        self.aux1 = Auxiliary(512, n_classes, AUXILIARY_DROPOUT)
        self.aux2 = Auxiliary(528, n_classes, AUXILIARY_DROPOUT)

    def auxiliary_scores(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores (B, K) of the whole net, and of the classifiers behind modules 4a and 4d."""
        with self.half_way() as auxiliary:
            scores = self(images)
        return scores, *auxiliary()

    @contextmanager
    def half_way(self) -> Iterator[Callable[[], tuple[Tensor, Tensor]]]:
        """Inside, one forward pass is listened to; what is handed out gives the auxiliary scores of that pass."""
        heard: list[Tensor] = []
        places = (self.inception4a, self.inception4d)
        handles = [place.register_forward_hook(lambda *call: heard.append(call[-1])) for place in places]
        try:
            yield lambda: (self.aux1(heard[0]), self.aux2(heard[1]))
        finally:
            for handle in handles:
                handle.remove()


def from_minus_1_to_1(images: Tensor) -> Tensor:
    """Pictures (B, 3, H, W) standardised as torchvision does, as Google's net wants them: (pixel - 0.5) / 0.5."""
    mean, std = (images.new_tensor(values).view(1, 3, 1, 1) for values in IMAGENET)
    return images * (std / 0.5) + (mean - 0.5) / 0.5


def build(
    image: tuple[int, int, int],
    n_classes: int,
    auxiliary: bool = False,
    transform_input: bool = False,
    dropout: float = 0.2,
    layout: Literal["auto", "imagenet", "small"] = "auto",
) -> nn.Module:
    """auxiliary: two more classifiers half-way, whose losses a task adds with weight 0.3. dropout: of the last layer.

    transform_input: scale standardised pictures as the published weights expect. layout: auto is small below 96 pixels.
    """
    small = _layout.is_small(image, layout)
    _layout.require("googlenet", image, SMALLEST if small else SMALLEST_IMAGENET)
    if transform_input and image[0] != 3:
        raise ValueError(f"transform_input is for pictures of 3 channels; these have {image[0]}: leave it out")
    kind = GoogLeNetWithAuxiliary if auxiliary else GoogLeNet
    network = kind(image[0], n_classes, dropout, transform_input, small)
    heads = [network.aux1.fc2, network.aux2.fc2] if isinstance(network, GoogLeNetWithAuxiliary) else []
    _layout.start(network, network.fc, *heads)
    return network
