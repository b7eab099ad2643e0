"""A feature pyramid: every resolution of a backbone, told what the coarser ones know (Lin et al., 2017).

Modules are named as torchvision names them, so that its weights load.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F


class Pyramid(nn.Module):
    """Maps [(B, C_i, H_i, W_i)] from fine to coarse -> as many of one width, [(B, width, H_i, W_i)].

    extra: one map more at the end, every second place of the coarsest, for large objects (section 4.1, footnote 2).
    """

    def __init__(self, channels: Sequence[int], width: int, extra: bool = False) -> None:
        super().__init__()
        self.inner_blocks = nn.ModuleList(nn.Sequential(nn.Conv2d(n, width, 1)) for n in channels)
        self.layer_blocks = nn.ModuleList(nn.Sequential(nn.Conv2d(width, width, 3, padding=1)) for _ in channels)
        self.extra = extra
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, a=1)  # no ReLU follows: the variance is to stay
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        inner = [block(x) for block, x in zip(self.inner_blocks, maps, strict=True)]
        for level in reversed(range(len(inner) - 1)):
            coarser = F.interpolate(inner[level + 1], size=inner[level].shape[2:], mode="nearest")
            inner[level] = inner[level] + coarser
        outer = [block(x) for block, x in zip(self.layer_blocks, inner, strict=True)]
        return [*outer, F.max_pool2d(outer[-1], 1, 2)] if self.extra else outer
