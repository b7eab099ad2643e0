"""What every detector can be asked."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...geometry.objects import Detections, Targets


class Detector(nn.Module, ABC):
    """Standardised float pictures (B, 3, H, W), all of one size -> what is in each.

    In training `terms` is descended; in evaluation `forward` answers. Losses are float32 means over what they are of,
    and 0 with a gradient where there is nothing, never NaN.
    """

    NEEDS: Sequence[str] = ()  # of 'masks', 'keypoints', 'proposals': what its targets must hold
    SURROGATES: Sequence[str] = ()  # terms of which a part is held fixed in the gradient: not the slope of their value

    @abstractmethod
    def terms(self, images: Tensor, targets: Targets) -> dict[str, Tensor]:
        """Named losses of a batch."""

    @abstractmethod
    def forward(self, images: Tensor, proposals: Tensor | None = None) -> list[Detections]:
        """What is in each picture. proposals: (B, P, 4) for detectors that need them."""


def at_least_float32(values: Tensor) -> Tensor:
    """Values of mixed precision as float32, in which losses are taken; float64 stays."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
