"""Weights that a whole detector begins with: published for COCO, of a run of ours, or in a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import safe_open
from torch import Tensor

from ..models import pretrained, published, published_detectors
from ..models.detection import Detecting

SUBJECT = "detection"
INSIDE = "roi_heads."  # what names of a file begin with that holds a detector of torchvision's layout
LAID_OUT = {"model": published_detectors.BACKBONE, "settings": {"layout": "imagenet"}, "norm": "frozen"}


@dataclass(frozen=True)
class Begun:
    """A detector that learned before. model: '' where any of torchvision's layout fits. settings: it was built with.

    backbone: its facts, see `Detecting`. classes: its own, '' for outputs of nothing; () for COCO's. file: where the
    weights lie; None for those that are published for the model.
    """

    name: str
    model: str
    settings: Mapping[str, Any]
    backbone: Mapping[str, Any]
    classes: Sequence[str] = ()
    file: pretrained.Pretrained | Path | None = None

    def tensors(self, model: str) -> dict[str, Tensor]:
        """The weights by their names in the detector. Raises DownloadError, LookupError, ValueError."""
        if self.file is None:
            return published_detectors.state(model)
        if isinstance(self.file, Path):
            return published.read(self.file)
        return pretrained.tensors(self.file)[0]

    def standardisation(self) -> tuple[list[float], list[float]] | None:
        """Mean and deviation by colour that it is used to; None where none are known."""
        if not isinstance(self.file, pretrained.Pretrained):
            return list(published.MEAN), list(published.STD)
        _, before = pretrained.tensors(self.file)
        return (before["mean"].flatten().tolist(), before["std"].flatten().tolist()) if before else None


def begun(name: str) -> Begun | None:
    """The whole detector that pretrained=NAME means; None if it means a backbone, or nothing.

    Raises FileNotFoundError, LookupError or ValueError as reading does.
    """
    if not name or name == pretrained.IMAGENET or name in pretrained.shipped():
        return None
    if name == published_detectors.COCO:
        return Begun(name, "", published_detectors.SETTINGS, LAID_OUT)
    path = Path(name).expanduser()
    if path.is_file() and any(key.startswith(INSIDE) for key in _names(path)):
        return Begun(name, "", published_detectors.SETTINGS, LAID_OUT, (), path)
    if path.is_file() and path.suffix != ".safetensors":
        return None
    source = pretrained.find(name)
    facts = source.facts
    if facts.get("tells") != SUBJECT:
        return None
    return Begun(name, facts["model"], facts["settings"], facts["backbone"], tuple(facts["classes"]), source)


def brings(name: str, given: Mapping[str, str], usual: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults that pretrained=NAME changes: those a whole detector was built with; a backbone's weights none.

    Raises ValueError where another detector was named.
    """
    found = begun(name)
    if found is None:
        return {}
    asked = given.get("model", "")
    if found.model and asked and asked != found.model:
        raise ValueError(f"pretrained={name} holds a {found.model}, not a {asked}; leave model={asked} out")
    named = {"model": found.model} if found.model else {}
    seen = {"backbone": found.backbone["model"], "norm": found.backbone["norm"]} if found.backbone else {}
    return {**found.settings, **named, **seen}


def begin(network: Detecting, found: Begun, model: str, classes: Sequence[str]) -> None:
    """Put the weights of a whole detector into a fresh one; what it knows of classes goes along by their names.

    Raises ValueError for weights that do not fit.
    """
    own = network.network.state_dict()
    given = {k: v for k, v in found.tensors(model).items() if k in own or not k.endswith(published.COUNTER)}
    old = found.classes or published_detectors.classes(model)
    published.fill(
        network.network, published_detectors.for_classes(given, own, old, classes), f"pretrained={found.name}"
    )


def _names(path: Path) -> list[str]:
    """Names of the tensors in a file."""
    if path.suffix != ".safetensors":
        return list(published.read(path))
    try:
        with safe_open(path, "pt") as file:
            return list(file.keys())
    except Exception as error:
        raise ValueError(f"{path} is cut off or broken ({error}); remove it and get it again") from None
