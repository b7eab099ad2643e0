"""Made on one network, shown to another: no gradient of the network under attack is needed, nor its weights.

Source: Papernot, McDaniel and Goodfellow, 2016; that examples transfer: Szegedy et al., 2014, section 4.2.
"""

from torch import Tensor

from ..engine import catalogue
from ._contract import Scores

NORM = "linf"


def attack(
    network: Scores,
    images: Tensor,
    labels: Tensor,
    epsilon: float,
    *,
    source: Scores,
    targets: Tensor | None = None,
    how: str = "pgd",
) -> Tensor:
    """What the attack `how` makes of `source`, another network for the same classes; `network` is not asked."""
    from .. import attacks

    found: Tensor = catalogue.find(attacks, how).attack(source, images, labels, epsilon, targets=targets)
    return found
