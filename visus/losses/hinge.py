"""Multiclass hinge: every wrong class must stay a margin below the true one."""

from torch import Tensor


def multiclass_hinge(scores: Tensor, labels: Tensor, margin: float = 1.0, squared: bool = False) -> Tensor:
    """Mean over examples of sum over j != y of max(0, s_j - s_y + margin), or of its square.

    scores: (B, K); labels: (B,). With all scores equal it is (K - 1) * margin; it is 0 once every true class leads by
    the margin, not merely leads, so if W has no loss 2 W has none either. The gradient is 1 at each class that
    violates the margin and minus their NUMBER at the true one (some notes print minus 1). With two classes and
    w = w_1 - w_0 it is the binary SVM max(0, margin - y w x), y = -1 or 1; C * loss + R(W) and loss + lambda R(W) mean
    the same for lambda = 1 / C. Scores (2.2, 2.5, -3.1) with the last class true cost 12.9, not 10.9.
    Source: Weston and Watkins, 1999; squared: Tang, 2013.
    """
    true = scores.gather(1, labels[:, None])  # (B, 1)
    violations = (scores - true + margin).clamp_min(0)  # (B, K)
    violations = violations.scatter(1, labels[:, None], 0.0)  # the true class does not compete with itself
    return (violations.square() if squared else violations).sum(1).mean()
