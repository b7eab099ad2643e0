"""Class visualisation: what raises the score of a class most, drawn from noise.

Gradient ascent on the class's unnormalised score minus a penalty, from noise: I <- I + lr * g / |g| with
g = d(s_y - l2 * |I|**2) / dI. Shifting the picture a little at every step and blurring it now and then keep the result
from being noise that only the network understands. It shows what raises a score, not what the class looks like.

Source: Simonyan, Vedaldi and Zisserman, 2014, section 2; jitter, blur and clipping after Yosinski et al., 2015.
"""

import torch
from torch import Tensor, nn

from ._contract import Show
from ._drawing import GREY, PUBLISHED_PX, SPREAD, blurred, device, shifted, silent

BLUR_PX = 0.5  # sigma
MOST = 16  # classes drawn when none is named


def picture(
    network: nn.Module,
    size: tuple[int, int],
    target: int | None = None,
    *,
    steps: int = 100,
    lr: float = 25.0,
    l2: float = 1e-3,
    jitter: int = 16,
    blur_every: int = 10,
    seed: int = 0,
    show: Show = silent,
) -> Tensor:
    """A picture of each class wanted, float (B, 3, H, W) in [0, 1]; target: one class, or nothing for the first 16.

    size: (H, W) in pixels. lr is the length of a step, jitter the largest shift in pixels, both for 224 pixels and
    scaled with the side; l2 weighs the penalty; blur_every 0 never blurs. Raises ValueError for a class that is not
    there, or for settings below 0.
    """
    if min(steps, lr, l2, jitter, blur_every) < 0:
        raise ValueError("steps, lr, l2, jitter and blur_every must not be below 0; leave out what you do not know")
    generator, scale = torch.Generator().manual_seed(seed), max(size) / PUBLISHED_PX
    targets = _targets(network, size, target)
    rows, most = torch.arange(len(targets)), round(jitter * scale)
    z = torch.randn(1, 3, *size, generator=generator).repeat(len(targets), 1, 1, 1).to(device(network))
    for step in range(steps):
        moved, (down, right) = shifted(z, most, generator)
        moved.requires_grad_()
        score = network(GREY + SPREAD * moved)[rows, targets].sum() - l2 * moved.square().sum()
        (gradient,) = torch.autograd.grad(score, moved)
        length = gradient.flatten(1).norm(dim=1).clamp_min(1e-12)[:, None, None, None]
        z = (moved.detach() + lr * scale * gradient / length).roll((-down, -right), (2, 3))
        if blur_every and step % blur_every == 0:
            z = blurred(z, BLUR_PX)
        z = z.clamp(-GREY / SPREAD, GREY / SPREAD)
        show((step + 1) / steps)
    return (GREY + SPREAD * z).clamp(0, 1)


def _targets(network: nn.Module, size: tuple[int, int], target: int | None) -> Tensor:
    with torch.no_grad():
        K = network(torch.full((1, 3, *size), GREY, device=device(network))).shape[1]
    if target is None:
        return torch.arange(min(K, MOST))
    if not 0 <= target < K:
        raise ValueError(f"class {target} is not among the network's {K}; classes are numbered from 0 to {K - 1}")
    return torch.tensor([target])
