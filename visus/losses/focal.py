"""Focal loss: yes or no, where nearly every answer is an easy no."""

from torch import Tensor
from torch.nn import functional as F


def focal_loss(scores: Tensor, truth: Tensor, focus: float = 2.0, balance: float = 0.25) -> Tensor:
    """(1 - p)**focus times the surprise at each answer, p being the chance given to the truth; nats, not yet averaged.

    scores: logits of any shape; truth: the same shape, in [0, 1]. Returns that shape, at least 0. focus: 0 is plain
    binary cross-entropy; 2 lets an answer that is right with p = 0.9 count a hundredth. balance: weight of a yes, a no
    has 1 - balance; negative: both 1. In detection it is summed and divided by the number of objects, not of places:
    places are nearly all background. Source: Lin et al., 2017 (focal loss), equations 4 and 5.
    """
    surprise = F.binary_cross_entropy_with_logits(scores, truth, reduction="none")
    if focus:
        chance = scores.sigmoid()
        missed = truth * (1 - chance) + (1 - truth) * chance  # 1 - p
        surprise = missed**focus * surprise
    return surprise if balance < 0 else (truth * balance + (1 - truth) * (1 - balance)) * surprise
