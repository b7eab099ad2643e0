"""Accuracy: the share of examples whose highest score is the label's."""

from torch import Tensor


def accuracy(scores: Tensor, labels: Tensor) -> float:
    """The fraction of rows named correctly, in [0, 1].

    scores: (B, K), logits or probabilities alike; labels: (B,) class indices. Ties go to the smaller class.
    A row that holds NaN has no highest score and counts as wrong, so a diverged network cannot look right by chance.
    Raises ValueError if the shapes do not fit or there is nothing to score.
    """
    if scores.ndim != 2 or labels.shape != scores.shape[:1]:
        raise ValueError(
            f"scores are {tuple(scores.shape)} and labels {tuple(labels.shape)}, but accuracy needs (B, K) and (B,); "
            "flatten everything that is not a class into the batch first"
        )
    if not len(labels):
        raise ValueError("accuracy of no examples is undefined; is the split empty, or the loader exhausted?")
    right = (scores.argmax(1) == labels) & ~scores.isnan().any(1)
    return right.double().mean().item()
