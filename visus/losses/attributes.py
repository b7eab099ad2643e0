"""Losses of attributes: an example may have any number of them, so each is a question of its own with two answers.

A softmax over attributes would make them compete; here every column of the scores is a binary classifier.
"""

from torch import Tensor
from torch.nn import functional as F


def attribute_hinge(scores: Tensor, signs: Tensor) -> Tensor:
    """Mean over examples of the sum over attributes of max(0, 1 - y f): a binary SVM for each attribute.

    scores: (B, A), positive where an attribute is found; signs: (B, A), +1 where it is there, -1 where it is not.
    Returns a scalar in [0, inf). Scores of 0 give A. Raises ValueError if the shapes differ or a sign is neither.
    """
    _check_shapes(scores, signs)
    if not bool((signs.abs() == 1).all()):
        raise ValueError("attribute_hinge takes signs +1 and -1; turn truths of 0 and 1 into 2 * truth - 1")
    return (1 - signs * scores).clamp_min(0).sum(1).mean()


def attribute_logistic(scores: Tensor, truth: Tensor) -> Tensor:
    """Mean over examples of -sum over attributes of y log s(f) + (1 - y) log(1 - s(f)), s the sigmoid, in nats.

    scores: (B, A) logits, not probabilities; truth: (B, A) in {0, 1}, or probabilities in between. Returns a scalar in
    [0, inf). An example's gradient is s(f) - y. Scores of 0 give A ln 2. Raises ValueError if the shapes differ or a
    truth is outside [0, 1]. (Some notes print the log-likelihood itself, which is to be maximised, and y - s(f).)
    """
    _check_shapes(scores, truth)
    if not bool(((truth >= 0) & (truth <= 1)).all()):
        raise ValueError("attribute_logistic takes truths in 0 to 1; turn signs of -1 and +1 into (sign + 1) / 2")
    return scores.shape[1] * F.binary_cross_entropy_with_logits(scores, truth.to(scores))


def _check_shapes(scores: Tensor, truth: Tensor) -> None:
    if scores.ndim != 2 or scores.shape != truth.shape:
        raise ValueError(
            f"scores are {tuple(scores.shape)} and their truth {tuple(truth.shape)}; both must be (B, A), "
            "one column an attribute"
        )
