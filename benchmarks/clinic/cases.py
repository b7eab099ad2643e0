"""A case: a recipe, what was done to it, and a seed."""

from dataclasses import dataclass, replace
from functools import cached_property

from . import faults
from .controls import CONTROLS
from .plan import Plan
from .recipes import RECIPES

HEALTHY = "healthy"


@dataclass(frozen=True)
class Case:
    """name: of a fault or a control, or 'healthy' for the recipe as it is."""

    recipe: str
    name: str
    seed: int

    @property
    def key(self) -> str:
        return f"{self.recipe}/{self.name}/{self.seed}"

    @cached_property
    def plan(self) -> Plan:
        plan = RECIPES[self.recipe]()
        if self.name == HEALTHY:
            return plan
        what = faults.FAULTS.get(self.name) or CONTROLS[self.name]
        return replace(plan, **what.change(plan))

    @property
    def seen(self) -> bool:
        """Whether the outcome is what the script's own evaluation shows."""
        return self.name in faults.FAULTS and faults.FAULTS[self.name].seen
