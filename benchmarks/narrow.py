"""`layers.narrow.Conv3x3` learns faster from narrow maps than `nn.Conv2d`: forward and backward in bfloat16, paired.

500 pictures, 256 to 256 channels; the two take turns. Only where bfloat16 is native.
"""

import time
from statistics import median

import torch
from _claim import state
from torch import nn

from visus.engine.memory import keep_freed_memory
from visus.layers.narrow import Conv3x3

PICTURES, CHANNELS, SIDES, TURNS = 500, 256, (7, 3), 9


def seconds(conv: nn.Module, x: torch.Tensor) -> float:
    began = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16):
        y = conv(x)
    y.backward(torch.ones_like(y))
    return time.perf_counter() - began


def ratio(side: int) -> list[float]:
    """Times of torch's convolution over ours, turn by turn."""
    ours = Conv3x3(CHANNELS, CHANNELS).to(memory_format=torch.channels_last)
    usual = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False).to(memory_format=torch.channels_last)
    x = torch.randn(PICTURES, CHANNELS, side, side).bfloat16().contiguous(memory_format=torch.channels_last)
    x.requires_grad_()
    return [seconds(usual, x) / seconds(ours, x) for _ in range(2 + TURNS)][2:]


if __name__ == "__main__":
    keep_freed_memory()
    found = {f"{side} x {side}": ratio(side) for side in SIDES}
    state(
        "narrow",
        "a narrow convolution takes less time than torch's, forward and backward",
        all(median(ratios) > 1 for ratios in found.values()),
        **{size: f"{median(r):.2f}x, {min(r):.2f} to {max(r):.2f} ({TURNS} turns)" for size, r in found.items()},
        threads=torch.get_num_threads(),
    )
