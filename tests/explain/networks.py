"""Small networks and pictures on which techniques are tried."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visus.models.classifiers import recurrent_attention

SIDE, N_CLASSES = 16, 4


class Modules(nn.Module):
    """Every ReLU is a module of its own: what hooks on modules can handle, and so what Captum can."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.see = nn.Sequential(
            *(nn.Conv2d(channels, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(8, 12, 3, padding=1), nn.ReLU()),
        )
        self.decide = nn.Sequential(nn.Flatten(), nn.Linear(12 * (SIDE // 2) ** 2, 16), nn.ReLU(), nn.Linear(16, 4))

    def forward(self, images: Tensor) -> Tensor:
        return self.decide(self.see(images))


class Functions(nn.Module):
    """The same arithmetic, the ReLUs written as people write them: as functions, as methods, in place, reused."""

    def __init__(self, like: Modules) -> None:
        super().__init__()
        self.see, self.decide, self.relu = like.see, like.decide, nn.ReLU(inplace=True)

    def forward(self, images: Tensor) -> Tensor:
        x = F.max_pool2d(self.relu(self.see[0](images)), 2)
        x = self.see[3](x)
        torch.relu_(x)  # in place, its answer thrown away
        x = self.decide[1](x.flatten(1))
        return self.decide[3](self.relu(x).relu().clamp(min=0))


def network(seed: int = 0) -> Modules:
    torch.manual_seed(seed)
    return Modules().eval()


def glimpsing() -> nn.Module:
    """One that looks at parts of a picture, in an order of its own."""
    torch.manual_seed(0)
    return recurrent_attention.build((3, SIDE, SIDE), N_CLASSES, glimpses=3, window=4, scales=2, hidden=16).eval()


def pictures(n: int = 3, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Images (n, 3, SIDE, SIDE) in [0, 1] and a class for each."""
    dice = torch.Generator().manual_seed(seed)
    return torch.rand((n, 3, SIDE, SIDE), generator=dice), torch.arange(n) % N_CLASSES
