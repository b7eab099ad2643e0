"""What a technique is given, what it gives back, and how it is asked."""

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..engine.task import evaluation_mode

Show = Callable[[float], None]  # told the share that is done, 0 to 1

KINDS = ("explain", "picture", "sheets")
# What a technique may ask for by the name of a parameter, and how a person hands it over.
OFFERED = {
    "network": "a model",
    "images": "a picture",  # float (B, 3, H, W) in [0, 1], of the model's size
    "targets": "a class for each picture",  # int64 (B,)
    "target": "a class: --target NAME",  # int
    "pictures": "a folder or data set of pictures: --data FOLDER",  # uint8 (N, 3, H, W), of the model's size
    "labels": "labelled pictures: --data FOLDER",  # int64 (N,), of `pictures`; -1 where unknown
    "classes": "class names",  # Sequence[str], K of them
    "layer": "a layer: --layer NAME",  # str, a dotted name of engine.anatomy; "" leaves the choice to the technique
    "size": "the size of pictures: --size PX",  # (H, W) in px; of the model, unless a person asks for another
    "style": "a style picture: --style PICTURE",  # float (1, 3, H, W) in [0, 1]
    "show": "somewhere to show progress",  # Show
}


@dataclass(frozen=True)
class Sheet:
    """Pictures uint8 (N, H, W, 3) to be shown side by side, a caption each or none, and how to read them."""

    title: str
    pictures: NDArray[np.uint8]
    reading: str
    captions: Sequence[str] = ()


def kind(technique: ModuleType) -> str:
    """Which of KINDS the technique's function is called."""
    return next(name for name in KINDS if hasattr(technique, name))


def asks(technique: ModuleType) -> Mapping[str, inspect.Parameter]:
    """The parameters of the technique's function by name: those of OFFERED, and its settings."""
    return inspect.signature(getattr(technique, kind(technique))).parameters


def ask(technique: ModuleType, offered: Mapping[str, Any]) -> Any:
    """Call the technique with those of `offered` that it asks for.

    offered: by the names of OFFERED and of the technique's settings; what is None or not asked for is left out.
    Raises ValueError in one sentence if something without a default is missing.
    """
    given = {name: offered[name] for name in asks(technique) if offered.get(name) is not None}
    for name, parameter in asks(technique).items():
        if name not in given and parameter.default is inspect.Parameter.empty:
            word = technique.__name__.rpartition(".")[2]
            raise ValueError(f"{word} needs {OFFERED.get(name, name)}")
    return getattr(technique, kind(technique))(**given)


@contextlib.contextmanager
def unit_pixels(network: nn.Module) -> Iterator[nn.Module]:
    """Within it, a network made for pixels 0..255 takes floats in [0, 1], in evaluation mode, its parameters frozen.

    It stays the same module, so its layers keep their names; mode and frozen parameters are put back at the end.
    """
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    scale = network.register_forward_pre_hook(lambda _, inputs: (255 * inputs[0], *inputs[1:]))
    network.requires_grad_(False)  # frozen: gradients of pixels are asked for, those of weights cost as much
    try:
        with evaluation_mode(network):
            yield network
    finally:
        scale.remove()
        for parameter in learning:
            parameter.requires_grad_(True)


def as_floats(pictures: NDArray[np.uint8]) -> Tensor:
    """Pictures uint8 (N, H, W, 3) -> float (N, 3, H, W) in [0, 1]."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div(255)


def as_bytes(images: Tensor) -> NDArray[np.uint8]:
    """Images float (N, 3, H, W) in [0, 1] -> pictures uint8 (N, H, W, 3)."""
    rounded = images.detach().clamp(0, 1).mul(255).round().to(torch.uint8)
    return np.ascontiguousarray(rounded.permute(0, 2, 3, 1).cpu().numpy())
