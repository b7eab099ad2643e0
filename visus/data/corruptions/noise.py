"""Grain of a sensor in the dark: independent noise on every value."""

from torch import Tensor

from ._draws import normal, to_bytes

DEVIATION = (8.0, 16.0, 28.0, 44.0, 64.0)  # grey levels


def corrupt(images: Tensor, severity: int, chance: Tensor) -> Tensor:
    return to_bytes(images.float() + DEVIATION[severity - 1] * normal(images, chance))
