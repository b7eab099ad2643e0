"""A convolutional net for speed on small pictures: whitened pixels, six 3x3 convolutions, 2 million weights.

The first layer is not learned: its filters are the principal axes of the training pictures' 2 x 2 patches, each divided
by its deviation, and their negatives, so that the first learned layer sees uncorrelated inputs of equal size. Kernels
begin as the identity. Pooling stands before normalisation, which then has a quarter of the values to look at.

Source: the network of Jordan, 2024, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU" (sections 3.1 to 3.3), after
Page, 2019, "How to train your ResNet". Differs: no bias in the first layer; global pooling, so that pictures of any
size can be scored; the scores' small scale is in the last layer's first weights and not in a factor.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...layers.narrow import Conv3x3

FIELD = 2  # side in pixels of the patches that are whitened
FLOOR = 5e-4  # added to the patches' variances: directions without signal are not blown up
MOMENTUM = 0.4  # share of a batch in batch norm's running statistics; runs are short, so they must follow fast


class Norm(nn.BatchNorm2d):
    """Batch norm that shifts and does not scale: the next kernel, or the last layer, does that."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-12, momentum=MOMENTUM)
        del self.weight
        self.register_buffer("weight", torch.ones(channels), persistent=False)


class Group(nn.Module):
    """Widen, halve the resolution, refine: (B, n_in, H, W) -> (B, n_out, H/2, W/2); sizes below 2 are not halved."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.widen, self.widen_norm = Conv3x3(n_in, n_out), Norm(n_out)
        self.refine, self.refine_norm = Conv3x3(n_out, n_out), Norm(n_out)
        for conv in (self.widen, self.refine):  # identity for the channels that exist, torch's own start for the rest
            nn.init.dirac_(conv.weight.data[: conv.in_channels])

    def forward(self, x: Tensor) -> Tensor:
        x = self.widen(x)
        if min(x.shape[2:]) >= 2:
            x = F.max_pool2d(x, 2)
        x = F.gelu(self.widen_norm(x))
        return F.gelu(self.refine_norm(self.refine(x)))


class Whitening(nn.Conv2d):
    """Patches along their principal axes: (B, C, H, W) -> (B, 8 * C, H - 1, W - 1). Taken from data, not learned.

    weight: (8 * C, C, 2, 2), a buffer: saved with the weights, and no optimizer's.
    """

    def __init__(self, channels: int) -> None:
        patch = channels * FIELD**2
        super().__init__(channels, 2 * patch, FIELD, bias=False, device="meta")  # its own start would be thrown away
        del self.weight
        basis = torch.linalg.qr(torch.randn(patch, patch)).Q
        self.register_buffer("weight", _both_signs(basis.view(patch, channels, FIELD, FIELD)))

    def forward(self, images: Tensor) -> Tensor:
        return F.conv2d(images, self.weight, padding=FIELD // 2 if min(images.shape[2:]) < FIELD else 0)


class WhitenedConv(nn.Module):
    """Float images (B, C, H, W) of any size -> class scores (B, K)."""

    def __init__(self, channels: int, n_classes: int, width: int) -> None:
        super().__init__()
        self.whitening = Whitening(channels)
        widths = (self.whitening.out_channels, width, 4 * width, 4 * width)
        self.groups = nn.Sequential(*(Group(n_in, n_out) for n_in, n_out in pairwise(widths)))
        self.decide = nn.Linear(widths[-1], n_classes, bias=False)
        nn.init.normal_(self.decide.weight, std=1 / widths[-1])  # so that the loss starts at ln K

    def forward(self, images: Tensor) -> Tensor:
        return self.decide(self.groups(F.gelu(self.whitening(images))).amax((2, 3)))

    @torch.no_grad()
    def whiten(self, images: Tensor) -> None:
        """Take the first layer's filters from float images (B, C, H, W) as the network will see them."""
        patches = F.unfold(images.float(), FIELD).transpose(1, 2).flatten(0, 1)  # (B * places, C * FIELD^2)
        variances, axes = torch.linalg.eigh(patches.T @ patches / len(patches))
        filters = axes.T / (variances.clamp_min(0) + FLOOR).sqrt()[:, None]
        self.whitening.weight.copy_(_both_signs(filters.view(-1, *self.whitening.weight.shape[1:])))


def _both_signs(filters: Tensor) -> Tensor:
    return torch.cat([filters, -filters])


def build(image: tuple[int, int, int], n_classes: int, width: int = 64) -> nn.Module:
    """width: channels of the first group; the other two have four times as many."""
    return WhitenedConv(image[0], n_classes, width)
