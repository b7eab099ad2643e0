"""DeepDream: whatever a layer sees in a picture, more of it.

The gradient at the layer is set to the activation itself, which is to climb |a|**2 / 2, so that what answers a little
comes to answer a lot. Done from small to large (octaves), it first draws large motifs and then details on them.

Source: Mordvintsev, Olah and Tyka, 2015 (Inceptionism), with its steps, octaves and shifts.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._contract import Show
from ._drawing import features, middle, shifted, silent

FREE_SIZE = True  # only convolutions are read: the picture may be larger than those the model was trained on
STEP = 1 / 255  # mean change of a pixel in one step
JITTER = 1 / 8  # of the side: the largest shift


def picture(
    network: nn.Module,
    images: Tensor,
    layer: str = "",
    *,
    steps: int = 10,
    octaves: int = 4,
    octave_scale: float = 1.4,
    strength: float = 1.0,
    seed: int = 0,
    show: Show = silent,
) -> Tensor:
    """Images (B, 3, H, W) in [0, 1] with more of what `layer` sees in them, of the same size.

    layer: a dotted name; nothing takes the last convolution with maps of at least an eighth of the picture. steps: of
    each octave; each octave is larger by `octave_scale`, up to the picture's own size; octaves too small for the
    network are left out. strength: mean change of a pixel in a step, of one grey level. Raises ValueError for less
    than one octave, or a scale of 1 or less.
    """
    if octaves < 1 or octave_scale <= 1:
        raise ValueError(f"octaves must be at least 1 and octave_scale above 1; got {octaves} and {octave_scale}")
    layer, generator = layer or middle(network, images), torch.Generator().manual_seed(seed)
    sizes = _sizes(network, images, layer, octaves, octave_scale)
    drawn = torch.zeros_like(images)
    for octave, size in enumerate(sizes):
        base = _resized(images, size)
        pixels = base + _resized(drawn, size)
        for step in range(steps):
            pixels = _dream(network, pixels, layer, strength * STEP, generator)
            show((octave * steps + step + 1) / (steps * len(sizes)))
        drawn = pixels - base
    return pixels


def _dream(network: nn.Module, pixels: Tensor, layer: str, step: float, generator: torch.Generator) -> Tensor:
    moved, (down, right) = shifted(pixels, round(JITTER * min(pixels.shape[2:])), generator)
    moved.requires_grad_()
    answer = features(network, moved, [layer])[layer]
    (gradient,) = torch.autograd.grad(answer, moved, grad_outputs=answer.detach())
    size = gradient.abs().mean((1, 2, 3), keepdim=True).clamp_min(1e-12)
    return (moved.detach() + step * gradient / size).clamp(0, 1).roll((-down, -right), (2, 3))


def _sizes(network: nn.Module, images: Tensor, layer: str, octaves: int, scale: float) -> list[tuple[int, int]]:
    """From small to large, the last the picture's own; those that do not pass through the network are left out."""
    H, W = images.shape[2:]
    found = [(H, W)]
    for octave in range(1, octaves):
        size = max(1, round(H / scale**octave)), max(1, round(W / scale**octave))
        try:
            with torch.no_grad():
                features(network, _resized(images[:1], size), [layer])
        except ValueError:
            break
        found.append(size)
    return found[::-1]


def _resized(images: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(images.shape[2:]) == size:
        return images
    return F.interpolate(images, size, mode="bilinear", align_corners=False, antialias=True)
