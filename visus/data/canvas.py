"""What a model that makes pictures draws on: so many rows, columns, channels and levels of each."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .randomness import uniform

GREY = (0.299, 0.587, 0.114)  # luma weights of red, green and blue, ITU-R BT.601
SALT = 0x62696E61727921  # draws of levels are not those of augmentation, which has the same seed, epoch and rows
Binarise = Literal["draw", "threshold"]


@dataclass(frozen=True)
class Canvas:
    """Pictures as a generative model sees them: integers from 0 to levels - 1, (channels, height, width) each.

    channels: 1 for grey, 3 for red, green and blue. levels: 256 for bytes as they are, 2 for black and white. binarise:
    how two levels are made of bytes: "draw", white with the probability of the brightness, as the literature's
    "binarised MNIST" is (Salakhutdinov and Murray, 2008), or "threshold", white from half the brightness on.
    """

    channels: int
    height: int
    width: int
    levels: int = 256
    binarise: Binarise = "draw"

    def __post_init__(self) -> None:
        if self.channels not in (1, 3):
            raise ValueError(f"a picture has 1 channel (grey) or 3 (colour); got {self.channels}")
        if not 2 <= self.levels <= 256:
            raise ValueError(f"levels of a channel must be between 2 and 256; got {self.levels}")
        if self.height < 1 or self.width < 1:
            raise ValueError(f"a picture needs at least 1 x 1 pixels; got {self.height} x {self.width}")

    @property
    def image(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return self.channels, self.height, self.width

    @property
    def values(self) -> int:
        """Numbers in a picture, C * H * W: the D of bits per dimension."""
        return self.channels * self.height * self.width

    @property
    def drawn(self) -> bool:
        """Whether levels are drawn at random from the bytes."""
        return self.levels == 2 and self.binarise == "draw"

    def of(self, pictures: Tensor, seed: int = 0, epoch: int = 0, rows: NDArray[np.int64] | None = None) -> Tensor:
        """uint8 pictures (B, 3, H, W) -> levels uint8 (B, C, H, W).

        What is drawn is a function of (seed, epoch, row) alone; rows: (B,), 0, 1, 2, ... unless given.
        """
        values = pictures.float()
        if self.channels == 1:
            # a grey picture keeps its bytes exactly: the weights sum to 1, and rounding takes the rest
            values = (values * torch.tensor(GREY).view(1, 3, 1, 1)).sum(1, keepdim=True).round()
        if self.drawn:
            numbers = np.arange(len(pictures)) if rows is None else rows
            draws = torch.from_numpy(uniform(seed ^ SALT, epoch, numbers, self.values)).view(len(pictures), *self.image)
            return (draws < values.double() / 255).to(torch.uint8)
        return (values * self.levels / 256).floor().to(torch.uint8)

    def shown(self, levels: Tensor) -> Tensor:
        """Levels (B, C, H, W) -> uint8 pictures (B, 3, H, W), from black to white."""
        pictures = (levels.float() * (255 / (self.levels - 1))).round().to(torch.uint8)
        return pictures.expand(-1, 3, -1, -1).contiguous()

    def brightness(self, levels: Tensor) -> Tensor:
        """Levels (B, C, H, W) -> floats in [0, 1]."""
        return levels.float() / (self.levels - 1)

    def check(self, levels: Tensor, name: str = "the pictures") -> None:
        """Raise ValueError if levels (B, C, H, W) are of another shape than the canvas. name: for the sentence."""
        if levels.ndim != 4 or tuple(levels.shape[1:]) != self.image:
            raise ValueError(
                f"{name} came as {tuple(levels.shape)}, and the model draws {said(self.image)}; expected "
                f"(B, {self.channels}, {self.height}, {self.width})"
            )

    def facts(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Canvas":
        return cls(**facts)

    def __str__(self) -> str:
        """`28 x 28 grey pictures of 2 levels`."""
        colour = "grey" if self.channels == 1 else "colour"
        return f"{self.height} x {self.width} {colour} pictures of {self.levels} levels"


def said(image: tuple[int, int, int]) -> str:
    """(C, H, W) in words: `28 x 28 grey pictures`."""
    return f"{image[1]} x {image[2]} {'grey' if image[0] == 1 else 'colour'} pictures"
