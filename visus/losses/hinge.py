"""Multiclass hinge: every wrong class must stay a margin below the true one."""

from torch import Tensor


def multiclass_hinge(scores: Tensor, labels: Tensor, margin: float = 1.0, squared: bool = False) -> Tensor:
    """Mean over examples of sum over j != y of max(0, s_j - s_y + margin), or of its square.

    scores: (B, K); labels: (B,). With all scores equal it is (K - 1) * margin.
    Source: Weston and Watkins, 1999; squared: Tang, 2013.
    """
    true = scores.gather(1, labels[:, None])  # (B, 1)
    violations = (scores - true + margin).clamp_min(0)  # (B, K)
    violations = violations.scatter(1, labels[:, None], 0.0)  # the true class does not compete with itself
    return (violations.square() if squared else violations).sum(1).mean()
