"""Small networks of the kinds that people train: `features` (B, ...) -> (B, D), then `head` (B, D) -> (B, K)."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from .plan import Plan


class Net(nn.Module):
    """Features, then scores."""

    def __init__(self, features: nn.Module, n_features: int, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.features = features
        self.head: nn.Module = nn.Linear(n_features, len(plan.classes))

    def forward(self, inputs: Tensor) -> Tensor:
        scores: Tensor = self.head(self.features(inputs))
        return scores


def mlp(n_inputs: int) -> type[Net]:
    """A perceptron with `plan.depth` hidden layers of `plan.width` units."""

    class Perceptron(Net):
        def __init__(self, plan: Plan) -> None:
            widths = [n_inputs, *[plan.width] * plan.depth]
            layers: list[nn.Module] = [nn.Flatten()]
            for n_in, n_out in pairwise(widths):
                layers += [nn.Linear(n_in, n_out), plan.activation()]
                layers += [nn.Dropout(plan.dropout)] * bool(plan.dropout)
            super().__init__(nn.Sequential(*layers), plan.width, plan)

    return Perceptron


class ConvNet(Net):
    """Two convolutions and a hidden layer, for pictures (B, 1, 28, 28)."""

    def __init__(self, plan: Plan) -> None:
        act, C = plan.activation, plan.width // 4
        layers = [
            *(nn.Conv2d(1, C, 3, padding=1), act(), nn.MaxPool2d(2)),  # (B, C, 14, 14)
            *(nn.Conv2d(C, 2 * C, 3, padding=1), act(), nn.MaxPool2d(2)),  # (B, 2C, 7, 7)
            *(nn.Flatten(), nn.Linear(2 * C * 49, plan.width), act()),
        ]
        layers += [nn.Dropout(plan.dropout)] * bool(plan.dropout)
        super().__init__(nn.Sequential(*layers), plan.width, plan)


class Block(nn.Module):
    """Two convolutions with batch normalisation, and a shortcut round them."""

    def __init__(self, C_in: int, C: int, stride: int, plan: Plan) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(C_in, C, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(C, momentum=plan.norm_momentum)
        self.act1 = plan.activation()
        self.conv2 = nn.Conv2d(C, C, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(C, momentum=plan.norm_momentum)
        self.act2 = plan.activation()
        self.shortcut = nn.Identity() if C_in == C and stride == 1 else nn.Conv2d(C_in, C, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.act1(self.norm1(self.conv1(x)))
        z: Tensor = self.act2(self.norm2(self.conv2(y)) + self.shortcut(x))
        return z


class ResNet(Net):
    """Three residual blocks, for pictures (B, 3, 16, 16)."""

    def __init__(self, plan: Plan) -> None:
        C = plan.width // 4
        features = nn.Sequential(
            *(nn.Conv2d(3, C, 3, 1, 1, bias=False), nn.BatchNorm2d(C, momentum=plan.norm_momentum), plan.activation()),
            Block(C, C, 1, plan),
            Block(C, 2 * C, 2, plan),
            Block(2 * C, 4 * C, 2, plan),
            *(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
            *[nn.Dropout(plan.dropout)] * bool(plan.dropout),
        )
        super().__init__(features, 4 * C, plan)


class Rows(nn.Module):
    """Reads a picture (B, 1, H, W) row by row; what it remembers at the end (B, D)."""

    def __init__(self, cell: nn.RNNBase, plan: Plan) -> None:
        super().__init__()
        self.cell = cell
        self.carries_state = plan.carries_state
        self.state: Tensor | tuple[Tensor, ...] | None = None

    def forward(self, pictures: Tensor) -> Tensor:
        rows = pictures.flatten(1, 2)  # (B, T, W)
        before = self.state if self.carries_state and self._fits(len(rows)) else None
        seen, state = self.cell(rows, before)
        if self.carries_state:
            self.state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
        last: Tensor = seen[:, -1]
        return last

    def _fits(self, B: int) -> bool:
        first = self.state[0] if isinstance(self.state, tuple) else self.state
        return first is not None and first.shape[-2] == B


def reader(kind: Callable[..., nn.RNNBase], n_inputs: int = 28) -> type[Net]:
    """A recurrent network of this kind over rows of n_inputs pixels."""

    class Reader(Net):
        def __init__(self, plan: Plan) -> None:
            cell = kind(n_inputs, plan.width, batch_first=not plan.rows_first)
            super().__init__(Rows(cell, plan), plan.width, plan)

    return Reader


class Patches(nn.Module):
    """Cuts pictures (B, 1, 28, 28) into 16 patches and says where each was: (B, 16, D)."""

    def __init__(self, D: int) -> None:
        super().__init__()
        self.embed = nn.Conv2d(1, D, 7, 7)
        self.position = nn.Parameter(0.02 * torch.randn(16, D))

    def forward(self, pictures: Tensor) -> Tensor:
        tokens: Tensor = self.embed(pictures).flatten(2).transpose(1, 2)
        return tokens + self.position


class Mean(nn.Module):
    """(B, T, D) -> (B, D)."""

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens.mean(1)


class Transformer(Net):
    """Two layers of attention over patches, layer normalisation first."""

    def __init__(self, plan: Plan) -> None:
        D = plan.width
        layers = [
            nn.TransformerEncoderLayer(D, 4, 2 * D, plan.dropout, plan.activation(), batch_first=True, norm_first=True)
            for _ in range(plan.depth)
        ]
        super().__init__(nn.Sequential(Patches(D), *layers, nn.LayerNorm(D), Mean()), D, plan)
