"""A sliding window: cut out what surrounds a pixel, classify its middle, and again for the next pixel.

The way not to do it, to be measured: neighbouring windows share nearly everything, and all of it is computed anew. It
learns as `full_resolution` does, of which it has the layers and the answers; only its answers are found window by
window.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from . import full_resolution
from .full_resolution import FullResolution

AT_ONCE = 4096  # windows classified at once: all of a picture would not fit in memory


class SlidingWindow(FullResolution):
    """Float images (B, C, H, W) -> class scores (B, K, H, W)."""

    def forward(self, images: Tensor) -> Tensor:
        if self.training:  # the same scores and gradients, of which a training step needs those of every pixel
            return self.windows_at_once(images)
        return torch.stack([self._scored(image) for image in images])

    def _scored(self, image: Tensor) -> Tensor:
        """One picture (C, H, W), window by window -> (K, H, W)."""
        _, height, width = image.shape
        side = 2 * self.depth + 1
        padded = F.pad(image, (self.depth,) * 4)
        found = []
        for first in range(0, height * width, AT_ONCE):
            places = range(first, min(first + AT_ONCE, height * width))
            corners = [divmod(place, width) for place in places]
            windows = torch.stack([padded[:, y : y + side, x : x + side] for y, x in corners])
            found.append(self.scores(self.see(windows))[:, :, 0, 0])  # (N, K): each window leaves one place
        return torch.cat(found).T.unflatten(1, (height, width))


def build(image: tuple[int, int, int], n_classes: int, width: int = 32, depth: int = 6) -> SlidingWindow:
    """width: maps of every layer. depth: 3x3 convolutions one behind the other; a window is 2 depth + 1 pixels wide."""
    full_resolution.build(image, n_classes, width, depth)  # its checks
    return SlidingWindow(image[0], n_classes, width, depth)
