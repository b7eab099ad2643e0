"""ResNet-18: eighteen layers with shortcuts (He et al., 2016), parameter names as in torchvision.

Differs from the paper for small pictures: below 96 pixels the stem is one 3x3 convolution without pooling, as is
usual for CIFAR, so that 32 x 32 pixels are not reduced to one before anything was seen.
"""

import torch
from torch import Tensor, nn

SMALL_PX = 96


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut: H(x) = F(x) + x."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.downsample = (
            nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))
            if stride > 1 or n_in != n_out
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.bn1(self.conv1(x)).relu()
        return (self.bn2(self.conv2(x)) + shortcut).relu()


class ResNet18(nn.Module):
    """Float images (B, C, H, W) -> class scores (B, K)."""

    def __init__(self, channels: int = 3, n_classes: int = 1000, small: bool = False) -> None:
        super().__init__()
        self.small = small
        self.conv1 = (
            nn.Conv2d(channels, 64, 3, padding=1, bias=False)
            if small
            else nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
        )
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = nn.Sequential(Block(64, 64, 1), Block(64, 64, 1))
        self.layer2 = nn.Sequential(Block(64, 128, 2), Block(128, 128, 1))
        self.layer3 = nn.Sequential(Block(128, 256, 2), Block(256, 256, 1))
        self.layer4 = nn.Sequential(Block(256, 512, 2), Block(512, 512, 1))
        self.fc = nn.Linear(512, n_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.fc.weight, std=0.01)  # so that the loss starts at ln K
        nn.init.zeros_(self.fc.bias)

    def forward(self, images: Tensor) -> Tensor:
        x = self.maxpool(self.bn1(self.conv1(images)).relu())
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(x.mean((2, 3)), 1))


def build(image: tuple[int, int, int], n_classes: int) -> nn.Module:
    C, H, W = image
    return ResNet18(C, n_classes, small=min(H, W) < SMALL_PX)
