"""What any classifier sees on its way to the scores: the last map of features before each halving of the picture.

Detectors and segmenters stand on such a backbone. What stands behind the last map, the classifier's own head, is taken
away; all other names stay as they are, so that weights of the classifier fit.
"""

import difflib
import importlib
import inspect
import math
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from ..layers.frozen_norm import Normalised, renormalise
from . import classifiers, published
from . import pretrained as weights_of

USUAL = "compact"
STRIDES = (1, 2, 4, 8, 16, 32)  # input pixels between neighbours of a map
N_CLASSES = 7  # of a classifier whose head is taken away; no layer below it is so narrow
UNCOUNTED = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.Dropout, nn.Dropout2d)  # belong to a head


class Backbone(nn.Module):
    """Float images (B, C, H, W) -> {stride: features (B, channels[stride], H / stride, W / stride)}, finest first.

    network: a classifier, which is cut in place and afterwards gives no scores. image: (C, H, W) that it was built
    for; larger and smaller ones may follow. n_classes: of its scores, so that a head of convolutions is known too.
    deepest: the last stride that is wanted. channels: by stride. facts: model and settings, where it was made by name.
    """

    def __init__(
        self,
        network: nn.Module,
        image: Sequence[int],
        n_classes: int = 0,
        deepest: int = STRIDES[-1],
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.layers, self.channels = cut(network, image, n_classes, deepest)
        self.network, self.facts = network, dict(facts or {})

    def forward(self, images: Tensor) -> dict[int, Tensor]:
        return maps(self.network, self.layers, images)


def backbone(
    name: str,
    image: Sequence[int],
    pretrained: str = "",
    norm: Normalised = "batch",
    deepest: int = STRIDES[-1],
    **settings: Any,
) -> Backbone:
    """A backbone made of the classifier `name`, '' for the one of the pretrained weights or the usual one.

    name: it may bring settings along, as 'resnet:depth=34:layout=small'. pretrained: '' to begin from nothing,
    imagenet, visus-small, a run's folder, a .safetensors file. norm: batch, or for batches of one or two pictures
    frozen (of pretrained weights) or group. deepest: the last stride that is wanted. settings: the classifier's own.
    Raises LookupError for a name that is none, ValueError for weights that do not fit and classifiers without maps.
    """
    name, settings = resolved(name, pretrained, settings)
    network: Any = _classifier(name).build(tuple(image), N_CLASSES, **settings)
    if not isinstance(network, nn.Module) or hasattr(network, "remember"):
        raise ValueError(f"backbone={name} learns by remembering and has no maps; take {USUAL} or resnet18")
    found = Backbone(network, image, N_CLASSES, deepest, {"model": name, "settings": settings})
    if pretrained:
        begin(found.network, name, pretrained, settings)
    renormalise(found.network, norm)
    return found


def resolved(name: str, pretrained: str = "", settings: Mapping[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
    """The classifier and its settings that `name` and pretrained weights mean: what a model's facts should say.

    Raises LookupError, ValueError as `backbone` does.
    """
    name, *words = name.split(":")
    given = {**(_typed(name, words) if words else {}), **(settings or {})}
    if not pretrained:
        return name or USUAL, given
    source = weights_of.find(pretrained)
    if source.weights is None:
        model = name or weights_of.USUAL_PUBLISHED
        needed = {"layout": "imagenet", **published.find(model).settings}
        return model, {**needed, **given}
    if name and source.model and name != source.model:
        raise ValueError(f"pretrained={pretrained} holds a {source.model}, not a {name}; leave backbone={name} out")
    return source.model or name or USUAL, {**source.facts.get("settings", {}), **given}


def begin(network: nn.Module, name: str, pretrained: str, settings: Mapping[str, Any]) -> None:
    """Put a classifier's pretrained weights into what is left of one. Raises ValueError for those that do not fit."""
    source = weights_of.find(pretrained)
    if source.weights is None:
        whole = _classifier(name).build((3, published.SIDE, published.SIDE), published.CLASSES, **settings)
        published.load(name, whole)
        given: Mapping[str, Tensor] = whole.state_dict()
    else:
        given, _ = weights_of.tensors(source)
    own = network.state_dict()
    weights_of.transplant(network, {k: v for k, v in given.items() if k in own}, f"pretrained={pretrained}", "")


def standardisation(pretrained: str) -> tuple[list[float], list[float]] | None:
    """Mean and deviation by colour, of pixels in [0, 1], that pretrained weights are used to; None for none known."""
    if not pretrained:
        return None
    source = weights_of.find(pretrained)
    if source.weights is None:
        return list(published.MEAN), list(published.STD)
    _, before = weights_of.tensors(source)
    if not before:
        return None
    mean, std = (before[name][0].flatten(1).mean(1).tolist() for name in ("mean", "std"))
    return mean, std


def maps(network: nn.Module, layers: Mapping[int, str], images: Tensor) -> dict[int, Tensor]:
    """What the named layers of a network put out, by stride."""
    seen: dict[int, Tensor] = {}

    def keep(stride: int) -> Any:
        return lambda module, given, out: seen.__setitem__(stride, out)

    with ExitStack() as hooks:
        for stride, name in layers.items():
            hooks.enter_context(network.get_submodule(name).register_forward_hook(keep(stride)))
        network(images)
    return {stride: seen[stride] for stride in layers}


def cut(
    network: nn.Module, image: Sequence[int], n_classes: int = 0, deepest: int = STRIDES[-1]
) -> tuple[dict[int, str], dict[int, int]]:
    """Take away what stands behind the last map, in place; layers by stride, and how many channels each puts out.

    Raises ValueError for a network without maps at least two strides apart.
    """
    calls = _calls(network, image)
    found: dict[int, int] = {}  # the last call that puts out a map of each stride
    for number, call in enumerate(calls):
        if len(call.shape) != 4 or (n_classes and _decides(call, n_classes)):
            break
        stride = _stride(call.shape, image)
        if stride <= deepest and not isinstance(call.module, UNCOUNTED) and stride >= max(found, default=0):
            found[stride] = number
    if not found or max(found) < 2:
        raise ValueError(
            f"this classifier has no maps of features at {image[1]} x {image[2]} pixels; take a convolutional one, "
            f"for example {USUAL} or resnet18, or larger pictures (size=)"
        )
    last = max(found.values())
    _take_away(network, {call.name for call in calls[: last + 1]}, {call.name for call in calls[last + 1 :]})
    return (
        {stride: calls[number].name for stride, number in sorted(found.items())},
        {stride: calls[number].shape[1] for stride, number in sorted(found.items())},
    )


@dataclass(frozen=True)
class _Call:
    """A module that has answered in a forward pass."""

    name: str
    module: nn.Module
    shape: Sequence[int]


@torch.no_grad()
def _calls(network: nn.Module, image: Sequence[int]) -> list[_Call]:
    """Every answer of a module in one pass over an empty picture, in order."""
    seen: list[_Call] = []

    def note(name: str) -> Any:
        return lambda module, given, out: seen.append(_Call(name, module, tuple(getattr(out, "shape", ()))))

    modes = {module: module.training for module in network.modules()}
    network.eval()
    where = next((tensor.device for tensor in network.parameters()), torch.device("cpu"))
    try:
        with ExitStack() as hooks:
            for name, module in network.named_modules():
                if name:
                    hooks.enter_context(module.register_forward_hook(note(name)))
            network(torch.zeros(1, *image, device=where))
    finally:
        for module, training in modes.items():
            module.training = training
    return seen


def _stride(shape: Sequence[int], image: Sequence[int]) -> int:
    """The power of two that a map is smaller by, nearly: windows without padding lose a few pixels. Beyond all for a
    map whose height and width are smaller by different ones, as that of a pooling to a fixed size."""
    octaves = {round(math.log2(whole / part)) for whole, part in zip(image[1:], shape[2:], strict=True)}
    nearest = octaves.pop()
    return int(2**nearest) if not octaves and nearest >= 0 else 2 * STRIDES[-1]


def _decides(call: _Call, n_classes: int) -> bool:
    """Whether this is the convolution that scores the classes."""
    return isinstance(call.module, nn.Conv2d) and call.module.out_channels == n_classes


def _take_away(network: nn.Module, before: Iterable[str], after: Iterable[str]) -> None:
    """Put nothing in place of what only answers behind the last map, or never: weights there would learn nothing."""
    needed = {".".join(name.split(".")[:depth]) for name in before for depth in range(1, name.count(".") + 2)}
    ended, gone = set(before) - set(after), list[str]()
    for name, _ in list(network.named_modules()):
        parent = name.rpartition(".")[0]
        # Inside a module that has answered as a whole, what never answers itself may be used by its weights alone.
        inside = parent in ended or any(name.startswith(f"{other}.") for other in gone)
        if name and name not in needed and not inside:
            gone.append(name)
            setattr(network.get_submodule(parent), name.rpartition(".")[2], nn.Identity())


def _typed(name: str, words: Sequence[str]) -> dict[str, Any]:
    """['depth=34', 'layout=small'] as settings of a classifier. Raises LookupError or ValueError for what is none."""
    known = inspect.signature(_classifier(name).build).parameters
    usual = {key: one.default for key, one in known.items() if key not in ("image", "n_classes")}
    found: dict[str, Any] = {}
    for key, equals, value in (word.partition("=") for word in words):
        if not equals or key not in usual:
            raise ValueError(f"'{key}' is no setting of backbone={name}; it has {', '.join(usual)}, written name=value")
        kind = type(usual[key])
        try:
            found[key] = value in ("yes", "true", "1") if kind is bool else kind(value)
        except ValueError:
            raise ValueError(f"{key} of backbone={name} is {kind.__name__}, as {usual[key]}; got '{value}'") from None
    return found


def _classifier(name: str) -> ModuleType:
    known = [module.name for module in pkgutil.iter_modules(classifiers.__path__) if not module.name.startswith("_")]
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise LookupError(f"no '{name}' in classifiers.{hint} Available: {', '.join(known)}.")
    return importlib.import_module(f"{classifiers.__name__}.{name}")
