"""What all techniques that draw share: features of a picture of any size, and steps in pixel space.

Pictures are floats (B, 3, H, W) in [0, 1]. Steps are made on z = (pixel - GREY) / SPREAD, so that they have the size
that published settings mean: those are for pixels standardised by ImageNet's statistics.
"""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..engine import anatomy
from ._contract import Show

GREY, SPREAD = 0.5, 0.225  # the middle of pixels in [0, 1], and how far those of photographs spread (ImageNet's)
PUBLISHED_PX = 224  # the side that published step lengths and shifts are for
NORMS = (nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d, nn.LayerNorm)
ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh)


class _EnoughError(Exception):
    """All that was asked for has been seen; the rest of the forward pass is not needed."""


def silent(share: float) -> None:
    """Show progress to nobody."""


def features(network: nn.Module, images: Tensor, names: Iterable[str]) -> dict[str, Tensor]:
    """What the named layers put out, from one forward pass that ends at the last of them.

    The head is not reached, so a picture may have any size that the layers before take. Of a layer that is called
    several times it is the first answer. Raises LookupError for a name that is not there, ValueError for a layer that
    takes no part, or that pictures of this size do not reach.
    """
    wanted = {anatomy.layer(network, name): name for name in names}
    seen: dict[str, Tensor] = {}

    def keep(module: nn.Module, given: object, out: Tensor) -> Tensor:
        seen.setdefault(wanted[module], out)
        if len(seen) == len(wanted):
            raise _EnoughError
        return out.clone()  # an in-place layer that follows would overwrite what was seen

    with anatomy.watching(dict.fromkeys(wanted, keep)), contextlib.suppress(_EnoughError):
        _pass(network, images)
    for name in wanted.values():
        if name not in seen:
            raise ValueError(f"layer '{name}' is never called in the forward pass; take one of its layers instead")
    return {name: seen[name] for name in wanted.values()}


def maps(network: nn.Module, images: Tensor) -> dict[str, tuple[int, int, int]]:
    """The convolutions of a network by name, in the order they are called, with the size (C, H, W) of what each says.

    Each is read where its answer is ready: at the activation that follows, or at the norm where the activation is no
    layer of its own. Raises ValueError for a network without convolutions.
    """
    called: list[tuple[str, nn.Module, tuple[int, ...]]] = []
    names = {module: name for name, module in anatomy.layers(network).items()}

    def note(module: nn.Module, given: object, out: object) -> None:
        if isinstance(out, Tensor) and all(module is not other for _, other, _ in called):
            called.append((names[module], module, tuple(out.shape[1:])))

    # a head for pictures of one size refuses others, after the convolutions have answered
    with torch.no_grad(), anatomy.watching(dict.fromkeys(names, note)), contextlib.suppress(ValueError):
        _pass(network, images[:1])
    found: dict[str, tuple[int, int, int]] = {}
    for place, (_, module, _) in enumerate(called):
        if isinstance(module, nn.Conv2d):
            name, size = _ready(called, place)
            if len(size) == 3:
                found[name] = (size[0], size[1], size[2])
    if not found:
        raise ValueError(
            "this network has no convolutions, so no maps to draw from; class_visualisation, pca, tsne and neighbours "
            "work with it"
        )
    return found


def first_of_each_resolution(network: nn.Module, images: Tensor) -> list[str]:
    """The first convolution of each resolution that is at least 2 x 2: from strokes to larger motifs."""
    found: dict[tuple[int, int], str] = {}
    for name, (_, H, W) in maps(network, images).items():
        if min(H, W) >= 2:
            found.setdefault((H, W), name)
    return list(found.values()) or list(maps(network, images))[:1]


def middle(network: nn.Module, images: Tensor) -> str:
    """The last convolution whose maps are at least an eighth of the picture: parts of things, still in their place."""
    H, W = images.shape[2:]
    known = maps(network, images)
    large = [name for name, (_, h, w) in known.items() if 8 * h >= H and 8 * w >= W]
    return (large or list(known))[-1]


def chosen(layers: str, network: nn.Module, images: Tensor) -> list[str]:
    """Names given as `a,b,c`, or the first convolution of each resolution for nothing."""
    return [name.strip() for name in layers.split(",")] if layers else first_of_each_resolution(network, images)


def descend(start: Tensor, loss: Callable[[Tensor], Tensor], steps: int, lr: float, show: Show = silent) -> Tensor:
    """Follow a loss of pictures down from `start`, by Adam with a rate that falls to 0; pixels stay in [0, 1].

    lr: the first step of a pixel, of the range [0, 1]. Raises ValueError if the loss is not finite.
    """
    pixels = start.detach().clone().requires_grad_()
    adam = torch.optim.Adam([pixels], lr=lr)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, max(1, steps))
    for step in range(steps):
        value = loss(pixels)
        if not torch.isfinite(value):
            raise ValueError(f"the loss is {float(value)} at step {step}; lower lr or the weights of its terms")
        (pixels.grad,) = torch.autograd.grad(value, pixels)
        adam.step()
        falling.step()
        with torch.no_grad():
            pixels.clamp_(0, 1)
        show((step + 1) / steps)
    return pixels.detach()


def noise(shape: Sequence[int], network: nn.Module, seed: int, spread: float = SPREAD) -> Tensor:
    """Grey pictures with Gaussian noise on them, in [0, 1], where the network is; the same for the same seed."""
    drawn = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return (GREY + spread * drawn).clamp(0, 1).to(device(network))


def device(network: nn.Module) -> torch.device:
    """Where the network's numbers are."""
    return next(chain(network.parameters(), network.buffers()), torch.zeros(())).device


def shifted(images: Tensor, most: int, generator: torch.Generator) -> tuple[Tensor, tuple[int, int]]:
    """Images rolled around by up to `most` pixels each way, and by how much."""
    down, right = (int(torch.randint(-most, most + 1, (), generator=generator)) for _ in range(2))
    return images.roll((down, right), (2, 3)), (down, right)


def blurred(images: Tensor, sigma: float) -> Tensor:
    """Images (B, C, H, W) under a Gaussian of `sigma` pixels, cut off at 3 sigma; the rim is repeated outwards."""
    reach = max(1, round(3 * sigma))
    bell = torch.exp(
        -torch.arange(-reach, reach + 1, device=images.device, dtype=images.dtype).square() / (2 * sigma**2)
    )
    bell, C = bell / bell.sum(), images.shape[1]
    padded = F.pad(images, (reach, reach, reach, reach), mode="replicate")
    down = F.conv2d(padded, bell.view(1, 1, -1, 1).expand(C, 1, -1, 1), groups=C)
    return F.conv2d(down, bell.view(1, 1, 1, -1).expand(C, 1, 1, -1), groups=C)


def _pass(network: nn.Module, images: Tensor) -> None:
    try:
        network(images)
    except RuntimeError as error:
        H, W = images.shape[2:]
        why = str(error).partition("\n")[0]
        raise ValueError(
            f"pictures of {H} x {W} pixels do not pass through this network ({why}); try a larger size"
        ) from error


def _ready(called: Sequence[tuple[str, nn.Module, tuple[int, ...]]], place: int) -> tuple[str, tuple[int, ...]]:
    """Where the answer of the convolution at `place` is ready: its name and size."""
    name, _, size = called[place]
    for later, module, later_size in called[place + 1 :]:
        if not isinstance(module, NORMS + ACTIVATIONS):
            break
        name, size = later, later_size
        if isinstance(module, ACTIVATIONS):
            break
    return name, size
