"""A classifier slid over the picture: each window of a grid, of several sizes, is warped and classified or passed over.

The obvious way, and a bad one: as many passes through the network as there are windows, most of them over nothing, and
boxes no better placed than the grid. No box is regressed. After Dalal and Triggs, 2005, with a network in place of
HOG and an SVM; windows are of fixed sizes and proportions, see `data.proposals.sliding_window`.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...data.proposals import sliding_window as grid
from ...geometry.objects import Detections, Targets
from ..backbone import Backbone
from ._choosing import Choosing
from ._contract import Detector, at_least_float32
from ._regions import learned_from, warped

AT_ONCE = 256  # windows that go through the network together


class SlidingWindow(Detector):
    """Standardised pictures (B, 3, H, W) -> what is in each."""

    def __init__(
        self, see: Backbone, n_classes: int, side: int, sampled: int, n_windows: int, choosing: Choosing
    ) -> None:
        super().__init__()
        self.see, self.stride = see, max(see.channels)
        self.classes = nn.Linear(see.channels[self.stride], 1 + n_classes)
        nn.init.normal_(self.classes.weight, std=0.01)
        nn.init.zeros_(self.classes.bias)
        self.side, self.sampled, self.n_windows, self.choosing = side, sampled, n_windows, choosing

    def forward(self, images: Tensor, proposals: Tensor | None = None) -> list[Detections]:
        windows, found = self.windows(images), []
        for image in images:
            pieces = [self.scores(image[None], [some]) for some in windows.split(AT_ONCE)]
            found.append(self.choosing(windows, torch.cat(pieces).softmax(1)[:, 1:]))
        return found

    def terms(self, images: Tensor, targets: Targets) -> dict[str, Tensor]:
        """class in nats, over the classes and background."""
        windows = self.windows(images).expand(len(images), -1, -1)
        regions, _, labels = learned_from(windows, targets, self.sampled)
        label = torch.cat(labels)
        surprise = F.cross_entropy(self.scores(images, regions), label, reduction="sum")
        return {"class": surprise / max(1, len(label))}

    def scores(self, images: Tensor, windows: list[Tensor]) -> Tensor:
        """Scores (K, 1 + classes) of the windows (n, 4) of each picture."""
        seen = self.see(warped(images, windows, self.side))[self.stride]
        return at_least_float32(self.classes(seen.mean((2, 3))))

    def windows(self, images: Tensor) -> Tensor:
        """The windows (P, 4) of pictures (B, 3, H, W) of this size."""
        height, width = images.shape[2:]
        found = grid.find(np.zeros((height, width, 3), dtype=np.uint8), self.n_windows)
        return torch.from_numpy(found).to(images.device)


def build(
    image: tuple[int, int, int],
    n_classes: int,
    backbone: Backbone,
    side: int = 64,
    sampled: int = 32,
    n_windows: int = 1000,
    score_threshold: float = 0.05,
    nms_threshold: float = 0.3,
    most: int = 100,
) -> Detector:
    """side: pixels of the square that windows are warped to. sampled: windows of a picture that are learned from at a
    time, a quarter of them objects. n_windows: of a picture, at most. score_threshold, nms_threshold, most: see
    `Choosing`. Raises ValueError for what cannot be.
    """
    if side < 32 or n_windows < 1:
        raise ValueError(f"side must be at least 32 pixels and n_windows 1; got {side} and {n_windows}")
    return SlidingWindow(backbone, n_classes, side, sampled, n_windows, Choosing(score_threshold, nms_threshold, most))
