"""The gradient of a class score with respect to the pixels, and what techniques make of it."""

import torch
from torch import Tensor, nn


def scores_of(network: nn.Module, images: Tensor) -> Tensor:
    """Class scores (B, K) of images (B, 3, H, W) in [0, 1]. Raises ValueError if the network answers otherwise."""
    scores = network(images)
    if not isinstance(scores, Tensor) or scores.ndim != 2 or len(scores) != len(images):
        came = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        raise ValueError(f"the network must answer with scores (B, K), one row a picture; got {came}")
    return scores


def chosen(scores: Tensor, targets: Tensor) -> Tensor:
    """The score (B,) of each picture's own class; targets: int64 (B,). Raises ValueError outside 0 to K - 1."""
    n_classes = scores.shape[1]
    if targets.shape != scores.shape[:1]:
        raise ValueError(f"{len(scores)} pictures need {len(scores)} targets; got {tuple(targets.shape)}")
    if len(targets) and not 0 <= int(targets.min()) <= int(targets.max()) < n_classes:
        wrong = next(int(t) for t in targets if not 0 <= int(t) < n_classes)
        raise ValueError(f"class {wrong} does not exist; the network knows 0 to {n_classes - 1}")
    return scores.gather(1, targets[:, None])[:, 0]


def pixel_gradients(network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """d score / d pixel, (B, 3, H, W), of the unnormalised score of each picture's class.

    The score before the softmax: a probability also rises when other classes fall, and is flat where the network is
    sure. Only the pixels' gradient is computed; the network's own gradients are left alone.
    Raises ValueError if no score depends on the pixels through gradients, as with nearest neighbours.
    """
    if images.ndim != 4 or not images.is_floating_point():
        raise ValueError(f"images must be floats (B, 3, H, W) in [0, 1]; got {images.dtype} {tuple(images.shape)}")
    pixels = images.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        total = chosen(scores_of(network, pixels), targets).sum()
        gradients = torch.autograd.grad(total, pixels, allow_unused=True)[0] if total.requires_grad else None
    if gradients is None:
        raise ValueError(
            "this model's scores have no gradient with respect to the pixels; occlusion works with any model"
        )
    return gradients


def strongest(attributions: Tensor) -> Tensor:
    """Attributions (B, 3, H, W) -> maps (B, H, W) >= 0: of the three channels the largest absolute value."""
    return attributions.abs().amax(1)
