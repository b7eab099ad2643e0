"""Softmax cross-entropy: the surprise at the true class."""

from torch import Tensor
from torch.nn import functional as F


def cross_entropy(scores: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean of -log softmax(scores)[label], in nats, in [0, inf).

    scores: (B, K) logits, not probabilities; labels: (B,) integers in [0, K). smoothing: share of the truth spread
    evenly over all classes, in [0, 1). A model that ignores its input scores ln K.

    Computed as -s_y + log sum exp(s), with the largest score taken out of BOTH before exponents are formed, so that
    scores of hundreds are no trouble; the gradient is softmax(s) - y. The logarithm is natural: a probability of 0.13
    costs 2.04 nats (0.89, as some slides have it, is base 10). It is the cross-entropy of truth and prediction, and
    its least value is the greatest likelihood.
    Source: label smoothing from Szegedy et al., 2016, section 7.
    """
    return F.cross_entropy(scores, labels, label_smoothing=smoothing)
