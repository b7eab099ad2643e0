"""From a recipe's settings to the adversary it trains against, and which settings go with one."""

from typing import Literal

from ..attacks._contract import check_epsilon, said
from ..tasks.adversary import Adversary
from . import _descent, _features

How = Literal["none", "fgsm", "pgd"]
EPSILON, STEPS = 8 / 255, 7  # usual for CIFAR-10 (Madry et al., 2018)
SETTINGS = ("adversary", "epsilon", "attack_steps")


def chosen(how: How, epsilon: float, steps: int, features: str, optimizer: str) -> Adversary | None:
    """The adversary, or None for none. Raises ValueError for settings that do not go with it."""
    check_epsilon(epsilon)
    if how == "none":
        if (epsilon, steps) != (EPSILON, STEPS):
            raise ValueError(
                "epsilon and attack_steps are settings of an adversary; add adversary=fgsm or adversary=pgd"
            )
        return None
    if features != _features.PIXELS:
        raise ValueError(f"adversary={how} follows the gradient to the pixels, and features={features} has none")
    if optimizer == _descent.FULL_BATCH:
        raise ValueError(f"adversary={how} changes the pictures with every step, and lbfgs needs the same loss twice")
    if how == "fgsm" and steps != STEPS:
        raise ValueError(f"adversary=fgsm takes one step; attack_steps={steps} is a setting of adversary=pgd")
    if not epsilon:
        raise ValueError(f"adversary={how} with epsilon=0 changes nothing; give for example epsilon={said(EPSILON)}")
    return Adversary(how, epsilon, steps)
