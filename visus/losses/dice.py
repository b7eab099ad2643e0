"""Dice: one minus the overlap of what was painted and what is true, in which small classes count as much as large."""

from torch import Tensor
from torch.nn import functional as F

from .segmentation import IGNORE, check, widened


def dice_loss(scores: Tensor, labels: Tensor, ignore: int = IGNORE, smooth: float = 1.0) -> Tensor:
    """1 - 2 |A B| / (|A| + |B|) with chances for A, averaged over the classes that the batch shows, in [0, 1].

    scores: (B, K, H, W) logits; labels: (B, H, W) integers in [0, K) or `ignore`, which counts on neither side. The
    whole batch is one picture: a class that only one picture shows is not asked of the others. smooth: pixels added
    above and below, which keep tiny classes finite. 0 where no pixel counts. Raises ValueError if the shapes differ.
    Source: Milletari et al., 2016 (V-Net), section 3, without squaring the denominator.
    """
    check(scores, labels)
    scores = widened(scores)
    counted = labels != ignore
    n_classes = scores.shape[1]
    chance = scores.softmax(1) * counted[:, None]
    truth = F.one_hot(labels.masked_fill(~counted, 0), n_classes).movedim(3, 1).to(chance) * counted[:, None]
    overlap, painted, true = ((x).sum((0, 2, 3)) for x in (chance * truth, chance, truth))  # (K,)
    found = (2 * overlap + smooth) / (painted + true + smooth)
    shown = (true > 0).to(found)
    return ((1 - found) * shown).sum() / shown.sum().clamp_min(1)


def blind_dice(shares: Tensor) -> float:
    """What a blind guess of 1 / K everywhere scores, for classes with these shares of the pixels (K,)."""
    there = shares[shares > 0].double()
    guess = 1 / len(shares)
    return float((1 - 2 * there * guess / (there + guess)).mean()) if len(there) else 0.0
