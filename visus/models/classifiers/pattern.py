"""The usual pattern of a convolutional network: INPUT -> [[CONV-RELU]*n -> POOL?]*m -> [FC-RELU]*k -> FC.

Convolutions keep the size (odd field F, stride 1, padding (F - 1) / 2), poolings halve it, so that a picture's sides
should be divisible by 2 as often as there are poolings; a size that is not is refused with the sum. Usual are n up to 3
and k up to 2.
"""

from typing import Literal

from torch import Tensor, nn

from ...geometry.arithmetic import conv_output, same_padding
from ...layers import initialise
from ...layers.pooling import L2Pool

Pool = Literal["max", "avg", "l2", "stride", "none"]
POOL_PX = 2  # field and stride: a larger pooling throws too much away
SMALLEST = MULTIPLE_OF = 4  # pixels a side, with the usual two poolings
HEAD_STD = 0.01  # so that the loss starts at ln K


class Pattern(nn.Module):
    """Float images (B, C, H, W) of one size -> class scores (B, K)."""

    def __init__(self, see: nn.Sequential, decide: nn.Sequential) -> None:
        super().__init__()
        self.see, self.decide = see, decide
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
                initialise.he(module.weight)
                nn.init.zeros_(module.bias)
        last = decide[-1]
        assert isinstance(last, nn.Linear)
        nn.init.normal_(last.weight, std=HEAD_STD)

    def forward(self, images: Tensor) -> Tensor:
        return self.decide(self.see(images))


def build(
    image: tuple[int, int, int],
    n_classes: int,
    n: int = 2,
    m: int = 2,
    k: int = 1,
    width: int = 32,
    field: int = 3,
    pool: Pool = "max",
    fc: int = 256,
) -> nn.Module:
    """n: convolutions before a pooling; m: poolings; k: hidden linear layers of `fc` units; width: filters of the first
    stage, doubled behind each pooling; field: side of a filter, odd; pool: max, avg, l2, stride (a 2x2 convolution that
    moves by 2) or none. Raises ValueError with the sum for a size that cannot be halved so often."""
    for name, value, least in (("n", n, 1), ("m", m, 1), ("k", k, 0), ("width", width, 1), ("fc", fc, 1)):
        if value < least:
            raise ValueError(f"{name} must be at least {least}; got {value}")
    channels, size = image[0], (image[1], image[2])
    padding = same_padding(field)
    see = nn.Sequential()
    for stage in range(m):
        filters = width * 2**stage
        for _ in range(n):
            see.extend([nn.Conv2d(channels, filters, field, padding=padding), nn.ReLU()])
            channels = filters
        if pool != "none":
            see.extend(_pool(pool, channels))
            size = _halved(size, image, m)
    rows = [channels * size[0] * size[1], *[fc] * k]
    decide = nn.Sequential(nn.Flatten())
    for n_in in rows[:-1]:
        decide.extend([nn.Linear(n_in, fc), nn.ReLU()])
    decide.append(nn.Linear(rows[-1], n_classes))
    return Pattern(see, decide)


def _pool(name: Pool, channels: int) -> list[nn.Module]:
    match name:
        case "max":
            return [nn.MaxPool2d(POOL_PX)]
        case "avg":
            return [nn.AvgPool2d(POOL_PX)]
        case "l2":
            return [L2Pool(POOL_PX, POOL_PX)]
        case _:
            return [nn.Conv2d(channels, channels, POOL_PX, stride=POOL_PX), nn.ReLU()]


def _halved(size: tuple[int, int], image: tuple[int, int, int], m: int) -> tuple[int, int]:
    """The size behind a pooling. Raises ValueError with the sum, and the nearest picture sizes that can be halved."""
    try:
        height, width = (conv_output(side, POOL_PX, POOL_PX) for side in size)
    except ValueError as error:
        step = POOL_PX**m
        side = next(s for s in image[1:] if s % step)
        smaller, larger = side // step * step, (side // step + 1) * step
        sides = f"{smaller} or {larger}" if smaller else f"{larger}"
        sum_shown = str(error).split(";")[0]
        raise ValueError(
            f"pattern halves {image[1]} x {image[2]} px m={m} times, and {sum_shown}; take sides of {sides} px, "
            "fewer poolings (m), or small_conv, which takes any size"
        ) from error
    return height, width
