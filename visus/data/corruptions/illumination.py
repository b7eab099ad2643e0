"""Too dark or too bright: every value times the same factor, one picture dimmed, the next overexposed."""

from torch import Tensor

from ._draws import signs, to_bytes

STOPS = (0.4, 0.8, 1.2, 1.6, 2.0)  # photographic stops: a factor of two each


def corrupt(images: Tensor, severity: int, chance: Tensor) -> Tensor:
    factor = 2.0 ** (STOPS[severity - 1] * signs(chance[:, 0]))
    return to_bytes(images.float() * factor.view(-1, 1, 1, 1))
