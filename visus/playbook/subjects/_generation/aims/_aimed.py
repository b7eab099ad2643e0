"""Which of these measures a model is judged by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from .....data.drawings import Drawings
from .....engine import catalogue
from .....engine.seed import own_randomness
from .....recipes import _drawing, _form
from .. import aims


@dataclass(frozen=True)
class Aimed(Drawings):
    """Pictures, and by the name of which measure a model of them is judged."""

    aim: str = ""

    @property
    def measure(self) -> Any:
        """The file of that name."""
        return catalogue.find(aims, self.aim)


def aimed(drawings: Drawings, settings: Mapping[str, Any]) -> Aimed:
    """The same pictures, for a model with these settings of its recipe."""
    return Aimed(drawings.pictures, drawings.canvas, drawings.seed, name_for(drawings, settings))


def name_for(drawings: Drawings, settings: Mapping[str, Any]) -> str:
    """The measure of the model that these settings of a recipe build."""
    name = settings["model"]
    build = next(catalogue.find(f, name).build for f in _drawing.FAMILIES.values() if name in catalogue.names(f))
    own = {key: settings[key] for key in _form.own_fields(build) if key in settings}
    with own_randomness(0):
        return of(build(drawings.canvas, 0, **own))


def of(network: nn.Module) -> str:
    """The name of the measure that serves a network."""
    return next(name for name in catalogue.names(aims) if catalogue.find(aims, name).serves(network))
