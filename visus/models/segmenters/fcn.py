"""FCN: a classifier's maps scored at every place and brought back to the picture's size (Shelhamer et al., 2017).

FCN-32s enlarges the scores of the last map at once; FCN-16s and FCN-8s first add the scores of finer maps, which know
better where, but less of what. Differs from the paper: any backbone, no padding by 100 pixels, and the classifier's
linear layers are not kept as convolutions.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from ...layers.upsampling import UPSAMPLING
from ..backbone import Backbone
from ._fitting import fitted, size_of

START = 0.01  # deviation of the scoring weights: every class is as likely, and the loss starts at ln K


class FCN(nn.Module):
    """Float images (B, C, H, W) -> class scores (B, K, H, W). strides: of the maps that are scored, coarsest first."""

    def __init__(self, trunk: Backbone, n_classes: int, strides: list[int], upsampling: str, dropout: float) -> None:
        super().__init__()
        self.backbone, self.strides = trunk, strides
        self.dropout = nn.Dropout2d(dropout)
        self.scores = nn.ModuleList(nn.Conv2d(trunk.channels[stride], n_classes, 1) for stride in strides)
        steps = [coarse // fine for coarse, fine in zip(strides, [*strides[1:], 1], strict=True)]
        self.enlarge = nn.ModuleList(UPSAMPLING[upsampling](n_classes, times) for times in steps)
        for score in self.scores:
            assert isinstance(score, nn.Conv2d)
            assert score.bias is not None
            nn.init.normal_(score.weight, std=START)
            nn.init.zeros_(score.bias)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.backbone(images)
        found: Tensor | None = None
        for stride, score, enlarge in zip(self.strides, self.scores, ["", *self.enlarge], strict=False):
            own = score(self.dropout(maps[stride]))  # (B, K, H / stride, W / stride)
            found = own if found is None else own + fitted(enlarged(enlarge, found), size_of(own))
        assert found is not None
        return fitted(enlarged(self.enlarge[-1], found), size_of(images))


def enlarged(enlarge: nn.Module, scores: Tensor) -> Tensor:
    """Scores made larger in float32: there are few, and a window of 64 x 64 in bfloat16 takes ten times as long."""
    with torch.autocast(scores.device.type, enabled=False):
        found: Tensor = enlarge(scores.float() if scores.dtype == torch.bfloat16 else scores)
    return found


def build(
    image: tuple[int, int, int],
    n_classes: int,
    backbone: Backbone,
    stride: int = 8,
    upsampling: Literal["nearest", "bilinear", "bed_of_nails", "transposed"] = "transposed",
    dropout: float = 0.0,
) -> nn.Module:
    """stride: of the finest map that is scored: 32, 16, 8 or less. upsampling: how scores are enlarged; transposed
    starts as bilinear and learns. dropout: probability to drop a whole map before it is scored. Raises ValueError for
    a stride that the backbone has no map of.
    """
    strides = [one for one in sorted(backbone.channels, reverse=True) if one >= stride]
    if not strides or strides[-1] != stride:
        known = ", ".join(map(str, backbone.channels))
        raise ValueError(f"stride must be one of {known}, the strides of this backbone's maps; got {stride}")
    return FCN(backbone, n_classes, strides, upsampling, dropout)
