"""Networks to be attacked: small, quick to train, with normalisation inside."""

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from visus.attacks._contract import UnitPixels
from visus.data.preprocess import Standardise


def digits() -> tuple[Tensor, Tensor]:
    """Floats (N, 1, 8, 8) in [0, 1] and labels."""
    found = load_digits()
    return torch.tensor(found.images, dtype=torch.float32)[:, None] / 16, torch.tensor(found.target)


def taught(seed: int = 0, steps: int = 150, channels: int = 1) -> UnitPixels:
    """A convolutional net with batch norm and dropout that knows the first 1,400 digits."""
    torch.manual_seed(seed)
    images, labels = digits()
    network = nn.Sequential(
        Standardise([0.3] * channels, [0.37] * channels),
        nn.Conv2d(channels, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 24, 3, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(24 * 9, 10),
    )
    victim, optimizer = UnitPixels(network), torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(steps):
        rows = torch.randint(0, 1400, (64,))
        optimizer.zero_grad()
        nn.functional.cross_entropy(victim(images[rows].expand(-1, channels, -1, -1)), labels[rows]).backward()
        optimizer.step()
    return victim
