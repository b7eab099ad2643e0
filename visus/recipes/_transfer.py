"""From pretrained weights to a network that learns something else: what comes along, what rests, what moves slowly."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import nn

from ..data.preprocess import Standardise
from ..engine import anatomy, catalogue
from ..engine import rest as resting
from ..engine.rest import Rest
from ..models import classifiers, pretrained, published
from . import _features, _form

GENERAL = "small_conv"  # the model where none is named
Standardisation = Literal["channel", "feature", "mean_image", "unit"]
NONE, BACKBONE = "none", "backbone"
SETTINGS = ("freeze", "head_epochs", "lower_rate", "rate_of_pretrained")
AWAKE: tuple[Rest, dict[nn.Parameter, float]] = (Rest(), {})  # everything learns, at one rate
LONGEST_HEAD = 0.5  # of a run: a short trial still comes to what it is about


def brings(name: str, given: Mapping[str, str], usual: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults that pretrained=NAME changes: the architecture with its settings, the size, the standardisation.

    given: what the user named. usual: the recipe's own defaults. Raises LookupError, ValueError.
    """
    source = pretrained.find(name)
    asked = given.get("model") or (usual["model"] if usual["model"] != GENERAL else "")
    if source.weights is None:
        model = asked or pretrained.USUAL_PUBLISHED
        release = _published(model)
        own_settings = {"layout": "imagenet", **release.settings}
        known = _form.own_fields(catalogue.find(classifiers, model).build)
        chosen = {key: value for key, value in own_settings.items() if key in known}
        return {"model": model, "size": published.SIDE, **chosen}
    if not source.model:
        return {}
    if asked and asked != source.model:
        raise ValueError(f"pretrained={name} holds a {source.model}, not a {asked}; leave model={asked} out")
    own = dict(source.facts.get("settings", {}))
    if own.pop("features", _features.PIXELS) != _features.PIXELS or not _learns(source.model):
        raise ValueError(
            f"pretrained={name} is a {source.model} that has no layers which look at pixels; take a convolutional net"
        )
    side = {"size": int(source.facts["image"][1])} if "image" in source.facts else {}
    return {"model": source.model, **side, **own, **source.facts.get("suggested", {})}


def completed(
    name: str, model: str, settings: Mapping[str, Any], size: int, standardise: Standardisation
) -> tuple[str, dict[str, Any], int, Standardisation]:
    """Model, its settings, size and standardisation of a recipe with pretrained=NAME; '' changes nothing."""
    if not name:
        return model, dict(settings), size, standardise
    found = brings(name, {} if model == GENERAL else {"model": model}, {"model": GENERAL})
    model = found.get("model", model)
    own = _form.own_fields(catalogue.find(classifiers, model).build)
    settings = {key: value for key, value in found.items() if key in own} | dict(settings)
    usual = standardise == _features.CHANNEL
    return (
        model,
        settings,
        size or found.get("size", 0),
        found.get("standardise", standardise) if usual else standardise,
    )


def begin(
    network: nn.Module, first: nn.Module, name: str, model: str, settings: Mapping[str, Any], classes: Sequence[str]
) -> None:
    """Put pretrained weights into a fresh network and its standardisation before it.

    The head is kept only if it told the very same classes apart. Raises ValueError for weights that do not fit.
    """
    source = pretrained.find(name)
    head = anatomy.head(network, len(classes))
    if source.weights is None:
        pretrained.transplant(network, _of_imagenet(model, settings), f"pretrained={name}", head)
        _standardise(first, torch.tensor(published.MEAN), torch.tensor(published.STD), name)
        return
    weights, before = pretrained.tensors(source)
    same = bool(source.classes) and list(source.classes) == list(classes)
    pretrained.transplant(network, weights, f"pretrained={name}", "" if same else head)
    if before:
        _standardise(first, before["mean"][0], before["std"][0], name)


def head_steps(epochs: float, steps: int, per_epoch: int) -> int:
    """Improvements in which the head learns alone."""
    return round(min(epochs * per_epoch, LONGEST_HEAD * steps))


def plan(
    network: nn.Module,
    image: tuple[int, int, int],
    n_classes: int,
    *,
    freeze: str = NONE,
    head_steps: int = 0,
    rate: float = 1.0,
    lower: float = 1.0,
) -> tuple[Rest, dict[nn.Parameter, float]]:
    """What rests, and the factor on the rate of each parameter below the head.

    rate: of all that is below the head. lower: once more for each stage below the uppermost (Howard and Ruder, 2018,
    ULMFiT, discriminative fine-tuning, 3.2). Raises LookupError for a layer that is not there.
    """
    head = anatomy.head(network, n_classes)
    example = torch.zeros(1, *image)
    stages = [[name for name in stage if name != head] for stage in resting.stages(network, example)]
    below = [stage for stage in stages if stage]
    if not below:
        raise ValueError("this network is a head without layers below it; there is nothing to transfer to it")
    never = frozen(network, image, head, freeze)
    factors = {
        parameter: rate * lower**depth
        for depth, stage in enumerate(reversed(below))
        for name in stage
        for parameter in network.get_submodule(name).parameters(recurse=False)
    }
    return resting.rest(network, never, [name for stage in below for name in stage], head_steps), factors


def frozen(network: nn.Module, image: tuple[int, int, int], head: str, freeze: str) -> list[str]:
    """The modules that freeze=none, backbone or a layer's name keeps as they are."""
    order = [name for name, _ in resting.passed(network, torch.zeros(1, *image))]
    if freeze == NONE:
        return []
    if freeze == BACKBONE:
        return [name for name in order if name != head]
    try:
        anatomy.layer(network, freeze)
    except LookupError as error:
        raise LookupError(f"freeze={freeze}: {error} Or: {NONE}, {BACKBONE}.") from None
    places = [i for i, name in enumerate(order) if name == freeze or name.startswith(f"{freeze}.")]
    if not places or head in order[: places[-1] + 1]:
        raise ValueError(f"freeze={freeze} would leave nothing to learn; take a layer below '{head}', or {BACKBONE}")
    return order[: places[-1] + 1]


def check(name: str, optimizer: str, features: str, **settings: Any) -> None:
    """Raise ValueError for settings that mean nothing without pretrained weights, or beside others."""
    usual = {"freeze": NONE, "head_epochs": 0.0}
    idle = [key for key, value in usual.items() if settings[key] != value and not name]
    if idle:
        raise ValueError(
            f"{' and '.join(idle)} would keep weights that were never trained; add pretrained=visus-small, a run or a "
            ".safetensors file"
        )
    if name and features != _features.PIXELS:
        raise ValueError(f"pretrained={name} looks at pixels; leave features={features} out")
    if name and optimizer == "lbfgs":
        raise ValueError(f"lbfgs has one rate for all weights; take another optimizer with pretrained={name}")


def _learns(model: str) -> bool:
    return bool(getattr(catalogue.find(classifiers, model), "DESCENDS", True))


def _standardise(first: nn.Module, mean: torch.Tensor, std: torch.Tensor, name: str) -> None:
    """Take over mean and deviation, (C,) or (C, H, W) each, where the first layer has room for them."""
    assert isinstance(first, Standardise)
    for own, theirs in ((first.mean, mean), (first.std, std)):
        theirs = theirs if theirs.ndim > 1 else theirs[:, None, None]
        if own.shape[2:] != theirs.shape[1:] and theirs.shape[1:] != (1, 1):
            size = " x ".join(map(str, theirs.shape[1:]))
            raise ValueError(f"pretrained={name} standardises each of {size} pixels; take size={theirs.shape[1]}")
        own.copy_(theirs.expand(own.shape[1:])[None])


def _published(model: str) -> published.Release:
    """What is published for a model. Raises LookupError with the nearest one."""
    known = published.names()
    if model not in known:
        raise LookupError(
            f"no ImageNet weights are published for '{model}'.{catalogue.nearest(model, known)} "
            f"Available: {', '.join(known)}."
        )
    return published.find(model)


def _of_imagenet(model: str, settings: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """The published weights of a model, under the names of our network."""
    image = (3, published.SIDE, published.SIDE)
    network = catalogue.find(classifiers, model).build(image, published.CLASSES, **settings)
    published.load(model, network)
    return dict(network.state_dict())
