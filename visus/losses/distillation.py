"""Learn what another network says rather than what the label says, at a temperature that makes its doubts heard."""

from torch import Tensor
from torch.nn import functional as F


def soft_cross_entropy(scores: Tensor, truth: Tensor, temperature: float = 1.0) -> Tensor:
    """Mean cross-entropy of softmax(scores / temperature) against probabilities, in nats.

    scores: (B, K). truth: (B, K), rows that sum to 1, a teacher's softmax at the same temperature. A temperature above
    1 brings probabilities nearer to each other; with 1 and one-hot rows it is the usual cross-entropy. Raises
    ValueError for a temperature that is not above 0.
    Source: Hinton, Vinyals and Dean, 2015, section 2.
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, and 1 changes nothing; got {temperature:g}")
    return F.cross_entropy(scores / temperature, truth)
