"""Maxout: a unit that answers with the largest of several linear pieces, and so learns its own activation."""

from torch import Tensor, nn

PIECES = 2  # ReLU and leaky ReLU are maxout of two pieces; two also cost twice the parameters


class Maxout(nn.Module):
    """(B, pieces * D) -> (B, D), the largest of each run of `pieces` neighbouring features.

    It follows a linear layer that is `pieces` times as wide: max(w1 x + b1, w2 x + b2). It neither saturates nor dies.
    Raises ValueError if the features cannot be divided. Source: Goodfellow et al., 2013.
    """

    def __init__(self, pieces: int = PIECES) -> None:
        super().__init__()
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1] % self.pieces:
            raise ValueError(
                f"{x.shape[1]} features do not divide into {self.pieces} pieces each; widen the layer before maxout"
            )
        return x.unflatten(1, (-1, self.pieces)).amax(2)

    def extra_repr(self) -> str:
        return f"pieces={self.pieces}"
