"""What autoencoders are made of: brightness to numbers, numbers to brightness, dense or convolutional."""

import math
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

HEAD_STD = 0.01  # of the last weights: at first a picture is grey, and a posterior the prior
MIDDLE = 0.5  # brightness: what goes in is about 0
Image = tuple[int, int, int]  # (C, H, W)
Part = TypeVar("Part", bound=nn.Module)


class Encoder(nn.Module):
    """Brightness (B, C, H, W) in [0, 1], and what is given of the class (B, K) -> numbers (B, n_out).

    body: a picture to a row of `n_body` numbers; one hidden layer joins them and the class.
    """

    def __init__(self, body: nn.Module, n_body: int, n_classes: int, hidden: int, n_out: int) -> None:
        super().__init__()
        self.body = body
        self.join = nn.Linear(n_body + n_classes, hidden)
        self.head = nn.Linear(hidden, n_out)

    def forward(self, brightness: Tensor, given: Tensor | None = None) -> Tensor:
        found: Tensor = self.head(self.features(brightness, given))
        return found

    def features(self, brightness: Tensor, given: Tensor | None = None) -> Tensor:
        """What stands below the head: (B, hidden)."""
        x = self.body((brightness - MIDDLE).to(self.head.weight.dtype))
        return F.relu(self.join(beside(x, given)))


class Decoder(nn.Module):
    """Numbers (B, Z), and what is given of the class (B, K) -> maps (B, C, H, W), logits of brightness."""

    def __init__(self, body: nn.Module, image: Image) -> None:
        super().__init__()
        self.body, self.image = body, image

    def forward(self, z: Tensor, given: Tensor | None = None) -> Tensor:
        maps: Tensor = self.body(beside(z, given))
        if maps.ndim == 2:
            return maps.view(-1, *self.image)
        return maps[:, :, : self.image[1], : self.image[2]]  # doubled from a side that was rounded up


def dense_encoder(image: Image, n_classes: int, n_out: int, hidden: int, layers: int) -> Encoder:
    """`layers` hidden layers of `hidden` units; the last one sees the class."""
    sizes = [math.prod(image)] + [hidden] * (layers - 1)
    body = nn.Sequential(nn.Flatten(), *_hidden(sizes))
    return started(Encoder(body, sizes[-1], n_classes, hidden, n_out))


def dense_decoder(image: Image, n_classes: int, latents: int, hidden: int, layers: int) -> Decoder:
    """`layers` hidden layers of `hidden` units; the first one sees the class."""
    body = nn.Sequential(*_hidden([latents + n_classes] + [hidden] * layers), nn.Linear(hidden, math.prod(image)))
    return started(Decoder(body, image))


def conv_encoder(image: Image, n_classes: int, n_out: int, width: int, halvings: int, hidden: int) -> Encoder:
    """A 3x3 convolution, and for each halving one of stride 2 with twice the maps; a dense layer sees the class."""
    parts: list[nn.Module] = [nn.Conv2d(image[0], width, 3, padding=1), nn.ReLU()]
    for level in range(halvings):
        wide = width * 2**level
        parts += [nn.Conv2d(wide, 2 * wide, 3, stride=2, padding=1), nn.ReLU()]
    height, across = coarse(image, halvings)
    n_body = width * 2**halvings * height * across
    return started(Encoder(nn.Sequential(*parts, nn.Flatten()), n_body, n_classes, hidden, n_out))


def conv_decoder(image: Image, n_classes: int, latents: int, width: int, halvings: int, hidden: int) -> Decoder:
    """The way of `conv_encoder` back: each doubling repeats pixels, then a 3x3 convolution halves the maps."""
    height, across = coarse(image, halvings)
    deepest = width * 2**halvings
    parts: list[nn.Module] = [*_hidden([latents + n_classes, hidden, deepest * height * across])]
    parts.append(nn.Unflatten(1, (deepest, height, across)))
    for level in reversed(range(halvings)):
        wide = width * 2**level
        parts += [nn.Upsample(scale_factor=2), nn.Conv2d(2 * wide, wide, 3, padding=1), nn.ReLU()]
    parts.append(nn.Conv2d(width, image[0], 3, padding=1))
    return started(Decoder(nn.Sequential(*parts), image))


def coarse(image: Image, halvings: int) -> tuple[int, int]:
    """Sides of the smallest maps. Raises ValueError for pictures that cannot be halved so often."""
    if halvings < 0 or 2**halvings > min(image[1:]):
        raise ValueError(
            f"pictures of {image[1]} x {image[2]} pixels cannot be halved {halvings} times; take fewer halvings"
        )
    return math.ceil(image[1] / 2**halvings), math.ceil(image[2] / 2**halvings)


def given(labels: Tensor | None, n_classes: int, like: Tensor) -> Tensor | None:
    """Labels (B,) as rows with a one (B, K), of the kind of `like`; None where the model has no classes."""
    if not n_classes:
        return None
    assert labels is not None, "check_labels has been passed"
    return F.one_hot(labels.long(), n_classes).to(like)


def beside(x: Tensor, given: Tensor | None) -> Tensor:
    """Numbers (B, D) and what is given (B, K) -> (B, D + K)."""
    return x if given is None else torch.cat([x, given.to(x.dtype)], 1)


def started(part: Part) -> Part:
    """He's initialisation, which keeps the size of signals between ReLUs (He et al., 2015); the last layer small."""
    layers = [layer for layer in part.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)
    nn.init.normal_(layers[-1].weight, std=HEAD_STD)
    return part


def check_sizes(**sizes: int) -> None:
    """Raise ValueError for a size below 1."""
    for name, value in sizes.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1; got {value}")


def _hidden(sizes: list[int]) -> list[nn.Module]:
    """Dense layers from each size to the next, each with a ReLU."""
    found: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        found += [nn.Linear(n_in, n_out), nn.ReLU()]
    return found
