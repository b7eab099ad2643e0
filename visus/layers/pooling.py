"""L2 pooling: a window is replaced by the length of its values; between the largest value and the mean."""

from torch import Tensor, nn
from torch.nn import functional as F

SMALLEST = 1e-12  # under the root: its slope at 0 is infinite, and behind a ReLU whole windows are 0


class L2Pool(nn.Module):
    """(B, C, H, W) -> (B, C, h, w): the root of the sum of squares of every window; field and stride in pixels.

    torch's LPPool2d computes the same, and NaN as the gradient of a window of zeros.
    """

    def __init__(self, field: int = 2, stride: int = 2) -> None:
        super().__init__()
        self.field, self.stride = field, stride

    def forward(self, x: Tensor) -> Tensor:
        squares = F.avg_pool2d(x.square(), self.field, self.stride) * self.field**2
        return (squares + SMALLEST).sqrt()

    def extra_repr(self) -> str:
        return f"field={self.field}, stride={self.stride}"
