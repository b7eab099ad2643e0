"""What recipes of models that make pictures share: their data as settings, and the facts of a saved model."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Annotated, Any, Literal

from torch import nn

from ..data.augment import Augment
from ..data.canvas import Canvas
from ..data.drawings import Drawings, prepare_drawings
from ..engine import catalogue
from ..models import autoencoders, autoregressive, densities, gans
from . import _form
from ._form import About, Limits
from ._plan import Plan

SUBJECT = "generation"
FAMILIES: Mapping[str, ModuleType] = {
    folder.__name__.rpartition(".")[2]: folder for folder in (autoregressive, autoencoders, gans, densities)
}


@dataclass(frozen=True, kw_only=True)
class Source:
    """Which pictures are learned from, and how they are drawn; a recipe takes these by `_form.like(Source)`."""

    data: Annotated[str | Drawings, About("pictures: a named set, a folder, labelled or not")] = "mnist"
    size: Annotated[int, Limits(0, 1024), About("side in pixels; 0: as the pictures, all of one size")] = 0
    framing: Annotated[Literal["crop", "pad", "stretch"], About("how a picture is brought to that size")] = "crop"
    memory: Annotated[float, Limits(0.0), About("GiB for decoded pictures; else decoded anew each time")] = 2.0
    channels: Annotated[int, Limits(0, 3), About("1: grey, 3: colour, 0: as the pictures")] = 0
    levels: Annotated[int, Limits(2, 256), About("of each channel: 256 bytes, 2 black and white")] = 256
    binarise: Annotated[Literal["draw", "threshold"], About("2 levels: drawn by brightness, or from half of it on")] = (
        "draw"
    )
    binarise_once: Annotated[bool, About("draw the 2 levels of a training picture once, not in every pass")] = False
    train: Annotated[int, Limits(0), About("training pictures, spread evenly; 0: all")] = 0
    flip: Annotated[bool, About("mirror every second picture")] = False

    def drawings(self, seed: int) -> Drawings:
        """The pictures, prepared. Raises LookupError or ValueError for what cannot be."""
        found = self.data
        if not isinstance(found, Drawings):
            found = prepare_drawings(
                found,
                self.size,
                self.framing,
                seed,
                self.memory,
                channels=self.channels,
                levels=self.levels,
                binarise=self.binarise,
            )
        return found.limited(train=self.train or None)

    @property
    def augment(self) -> Augment:
        return Augment(flip=self.flip)


def parted(
    settings: Mapping[str, Any], folder: ModuleType, model: str
) -> tuple[Source, dict[str, Any], dict[str, Any]]:
    """A recipe's further settings: the source, those of a `Plan`, and all of the model's own, each with its value.

    Raises ValueError for a setting that the model does not have.
    """
    sourced, planned = _form.own_fields(Source), _form.own_fields(Plan)
    own = {name: value for name, value in settings.items() if name not in sourced.keys() | planned.keys()}
    source = Source(**{name: value for name, value in settings.items() if name in sourced})
    plan = {name: value for name, value in settings.items() if name in planned}
    return source, plan, own_settings(folder, model, own)


def classes_of(drawings: Drawings, conditional: bool) -> int:
    """How many classes a model is to be told of, 0 unless conditional. Raises ValueError for pictures without any."""
    if conditional and not drawings.classes:
        raise ValueError(
            f"conditional=yes draws a class that is named, and the pictures of {drawings.origin} have none; put each "
            "class into a folder of its own, or leave conditional out"
        )
    return len(drawings.classes) if conditional else 0


def model_facts(
    family: str, model: str, drawings: Drawings, n_classes: int, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """What is needed to rebuild and feed a network. settings: of the model's own `build`."""
    return {
        "tells": SUBJECT,
        "family": family,
        "model": model,
        "settings": dict(settings),
        "canvas": drawings.canvas.facts(),
        "n_classes": n_classes,
        "classes": list(drawings.classes) if n_classes else [],
        "framing": drawings.pictures.frame.framing,
        "data": drawings.origin,
    }


def rebuild(facts: Mapping[str, Any]) -> nn.Module:
    """A network as `model_facts` describes it, for saved weights to be loaded into."""
    build = catalogue.find(FAMILIES[facts["family"]], facts["model"]).build
    network: nn.Module = build(Canvas.from_facts(facts["canvas"]), facts["n_classes"], **facts["settings"])
    return network


def own_settings(folder: ModuleType, model: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a model, each of its own with its value. Raises ValueError for one that it does not have."""
    known = _form.own_fields(catalogue.find(folder, model).build)
    for name in settings:
        if name not in known:
            raise ValueError(f"{model} has no setting '{name}'.{catalogue.nearest(name, list(known))}")
    return {name: settings.get(name, field.default) for name, field in known.items()}
