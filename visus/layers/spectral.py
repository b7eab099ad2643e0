"""Spectral normalisation: a layer's weight divided by its largest singular value (Miyato et al., 2018).

The singular value is followed by one step of the power iteration at each call in training mode, as the paper does
(algorithm 1); the vector it is followed with is a buffer, so that it is saved with the weights.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SETTLE = 30  # steps of the power iteration on fresh weights, whose largest singular values lie close together


class _Spectral(nn.Module):
    """What the layers below share. u: (n_out,), the left singular vector of the weight (n_out, all inputs)."""

    weight: Tensor
    u: Tensor

    def start(self) -> None:
        """Give the power iteration somewhere to begin."""
        first = torch.randn(len(self.weight), dtype=self.weight.dtype, device=self.weight.device)
        self.register_buffer("u", F.normalize(first, dim=0))

    @torch.no_grad()
    def settle(self, steps: int = SETTLE) -> None:
        """Find the largest singular value of weights that were just set."""
        matrix = self.weight.flatten(1)
        for _ in range(steps):
            self.u.copy_(F.normalize(matrix @ F.normalize(matrix.T @ self.u, dim=0), dim=0))

    def normed(self) -> Tensor:
        """The weight, divided by its largest singular value."""
        with torch.autocast(self.weight.device.type, enabled=False):  # a singular value wants all its digits
            matrix = self.weight.flatten(1)
            if self.training:
                self.settle(1)
            u = self.u.clone()  # the next call changes it before this call's gradient is computed
            v = F.normalize(matrix.detach().T @ u, dim=0)
            return self.weight / (u @ (matrix @ v))


class SpectralConv2d(nn.Conv2d, _Spectral):
    """A convolution (B, C, H, W) -> (B, n_out, h, w) of spectral norm 1, its weight seen as (n_out, C h w)."""

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, self.normed(), self.bias)


class SpectralLinear(nn.Linear, _Spectral):
    """A linear layer (B, n_in) -> (B, n_out) of spectral norm 1."""

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.normed(), self.bias)


class SpectralEmbedding(nn.Embedding, _Spectral):
    """Rows (B,) -> (B, D) of a table of spectral norm 1."""

    def forward(self, rows: Tensor) -> Tensor:
        return F.embedding(rows, self.normed())


def begin(network: nn.Module) -> None:
    """Start every spectral layer of a network; call it once the weights are what they begin as."""
    for layer in network.modules():
        if isinstance(layer, _Spectral):
            layer.start()
            layer.settle()
