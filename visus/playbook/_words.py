"""Where a captioner looked at each word: its attention over the picture, drawn."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..data.decode import Frame
from ..ship.kinds.captions import Caption
from ._heat import enlarged, overlay

SHOWN_PX = 160  # side that a picture is shown at, about; a captioner's own is small


@dataclass(frozen=True)
class Attended:
    """One picture with its caption and maps (T, h, w); drawn: uint8 (1 + T, H, W, 3), the picture and each map over it,
    under `words` (1 + T)."""

    name: str
    caption: Caption
    maps: Tensor
    drawn: NDArray[np.uint8]
    words: list[str]


def larger(frame: Frame) -> Frame:
    """The same part of a picture at a size that people can look at."""
    times = max(1, round(SHOWN_PX / max(frame.height, frame.width)))
    return Frame(times * frame.height, times * frame.width, frame.framing)


def over_picture(image: Tensor, maps: Tensor) -> NDArray[np.uint8]:
    """The picture and each map over it: uint8 (1 + T, h, w, 3).

    image: uint8 (3, H, W); maps: floats (T, h, w), at least 0, of any grid; they are interpolated to the picture.
    """
    floats = image[None].float() / 255
    if not len(maps):
        return enlarged(floats)
    wide = F.interpolate(maps[None].float(), size=image.shape[1:], mode="bilinear", align_corners=False)[0]
    return enlarged(torch.cat([floats, overlay(floats.expand(len(maps), -1, -1, -1), wide)]))


def spread(maps: Tensor) -> Tensor:
    """Over how many places each map (T, h, w) of attention is spread, (T,): e to its entropy, from 1 to h w."""
    shares = maps.flatten(1).double()
    shares = shares / shares.sum(1, keepdim=True).clamp_min(1e-30)
    return torch.special.entr(shares).sum(1).exp()


def moved(maps: Tensor) -> float:
    """The share of attention that is elsewhere at the next word, averaged over maps (T, h, w): 0 if it rests, to 1."""
    shares = maps.flatten(1).double()
    return float((shares[1:] - shares[:-1]).abs().sum(1).mean() / 2) if len(maps) > 1 else 0.0


def attended(name: str, image: Tensor, caption: Caption) -> Attended:
    """Maps over one picture uint8 (3, H, W). Raises ValueError for a captioner that has no attention."""
    if caption.maps is None:
        raise ValueError(
            "this captioner sees the picture as a whole and has no attention to show; train one with "
            "model=soft_attention or model=hard_attention"
        )
    return Attended(name, caption, caption.maps, over_picture(image, caption.maps), ["the picture", *caption.words])
