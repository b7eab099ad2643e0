"""What every attack is given and promises, and the few steps that they share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from fractions import Fraction
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..engine.aside import aside
from ..engine.task import evaluation_mode

Scores = Callable[[Tensor], Tensor]  # pixels float (B, C, H, W) in [0, 1] -> scores (B, K)
Aim = Literal["cross_entropy", "margin"]
LINF, L2 = "linf", "l2"
GREY = 1 / 255  # one grey level


class UnitPixels(nn.Module):
    """A network made for pixels 0 to 255 as one for pixels in [0, 1]. It is the same network, not a copy."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        scores: Tensor = self.network(255 * pixels)
        return scores


@contextmanager
def at_rest(network: Scores) -> Iterator[None]:
    """Inside, gradients of pixels can be asked for and the network is in evaluation mode; then each part is as before.

    A plain function, which does not say what it calls, is called as it is.
    """
    mode = evaluation_mode(network) if isinstance(network, nn.Module) else nullcontext()
    with mode, torch.inference_mode(False), torch.enable_grad(), aside():
        yield


def check(
    images: Tensor, labels: Tensor, epsilon: float, targets: Tensor | None = None, norm: Literal["linf", "l2"] = "linf"
) -> None:
    """Raise ValueError in one sentence for what cannot be attacked."""
    if not images.is_floating_point():
        raise ValueError(f"images are {str(images.dtype).removeprefix('torch.')}; give floats in [0, 1], images / 255")
    if images.numel() and (images.min() < 0 or images.max() > 1):
        raise ValueError(
            f"pixels run from {float(images.min()):.3g} to {float(images.max()):.3g}; an attack works in [0, 1] with "
            "the normalisation inside the network: give the pixels before it"
        )
    for name, classes in (("labels", labels), ("targets", targets)):
        if classes is not None and classes.shape != images.shape[:1]:
            raise ValueError(f"{name} are {tuple(classes.shape)} for {len(images)} images; give one class each")
    check_epsilon(epsilon, norm, images[0].numel() if len(images) else 1)


def check_epsilon(epsilon: float, norm: str = LINF, values: int = 1) -> None:
    """Raise ValueError unless pictures of so many values can be `epsilon` apart in that norm."""
    if norm == L2:
        if not 0 <= epsilon <= values**0.5:
            raise ValueError(
                f"epsilon={epsilon:g} is outside [0, {values**0.5:.4g}], the largest L2 distance between two pictures "
                f"of {values:,} values from 0 to 1; 0.5 is usual for small pictures"
            )
    elif not 0 <= epsilon <= 1:
        grey = f"{epsilon:g}" if 1 < epsilon <= 255 else "8"
        raise ValueError(
            f"epsilon={epsilon:g} is outside [0, 1]; pixel values run from 0 to 1, so {grey} grey levels are "
            f"{grey}/255 = {float(grey) / 255:.3g}"
        )


def read_epsilon(text: str) -> float:
    """'8/255' or '0.03' as a number. Raises ValueError for what is neither."""
    try:
        return float(Fraction(text.strip()))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"epsilon must be a number such as 8/255 or 0.03; got '{text}'") from None


def said(epsilon: float) -> str:
    """A number as people write it: 8/255 where it is a whole number of grey levels, else 0.03."""
    grey = 255 * epsilon
    return f"{round(grey)}/255" if epsilon and abs(grey - round(grey)) < 1e-6 and grey < 255 else f"{epsilon:.3g}"


def fooled(scores: Tensor, labels: Tensor, targets: Tensor | None = None) -> Tensor:
    """(B,): whether each picture is taken for another class, or for its target."""
    named = scores.argmax(1)
    return named != labels if targets is None else named == targets


def gain(scores: Tensor, labels: Tensor, targets: Tensor | None = None, aim: Aim = "cross_entropy") -> Tensor:
    """(B,): what an attack makes as large as it can.

    cross_entropy: the surprise at the label, or less surprise at the target. margin: by how much another class leads
    over the label, or the target over the others; unlike cross-entropy its gradient does not vanish where the softmax
    is saturated. Source of the margin: Carlini and Wagner, 2017, section V, f6.
    """
    if aim not in ("cross_entropy", "margin"):
        raise ValueError(f"aim must be cross_entropy or margin; got '{aim}'")
    meant = labels if targets is None else targets
    scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
    if aim == "margin":
        own = scores.gather(1, meant[:, None])[:, 0]
        away = scores.scatter(1, meant[:, None], -torch.inf).amax(1) - own
    else:
        away = F.cross_entropy(scores, meant, reduction="none")
    return away if targets is None else -away


def uphill(
    network: Scores, images: Tensor, labels: Tensor, targets: Tensor | None, aim: Aim = "cross_entropy"
) -> tuple[Tensor, Tensor]:
    """The gradient of each picture's gain with respect to its pixels (B, C, H, W), and the scores (B, K)."""
    images = images.detach().clone().requires_grad_(True)
    scores = network(images)
    return slope(gain(scores, labels, targets, aim).sum(), images), scores.detach()


def slope(value: Tensor, images: Tensor) -> Tensor:
    """The gradient of a scalar with respect to images. Raises ValueError if there is none."""
    found = torch.autograd.grad(value, images, allow_unused=True)[0] if value.requires_grad else None
    if found is None:
        raise ValueError(
            "this model gives no gradient with respect to its pixels (nearest neighbours and hand-made features have "
            "none); take one_pixel or noise, or a transfer attack from a network"
        )
    return found


def in_box(images: Tensor, moved: Tensor, epsilon: float) -> Tensor:
    """`moved`, brought within `epsilon` of images in the largest change and into [0, 1]."""
    return torch.minimum(torch.maximum(moved, images - epsilon), images + epsilon).clamp(0, 1)


def in_ball(images: Tensor, moved: Tensor, epsilon: float) -> Tensor:
    """`moved`, brought within L2 distance `epsilon` of images and into [0, 1]."""
    change = moved - images
    return (images + change * (epsilon / lengths(change)).clamp(max=1)).clamp(0, 1)


def lengths(changes: Tensor) -> Tensor:
    """L2 norm of each, (B, 1, 1, 1), at least 1e-12 so that it can be divided by."""
    return torch.linalg.vector_norm(changes.flatten(1), dim=1).clamp_min(1e-12).view(-1, *[1] * (changes.ndim - 1))


def drawing(images: Tensor, seed: int) -> torch.Generator:
    """A generator of random numbers where the images are."""
    return torch.Generator(images.device).manual_seed(seed)
