"""What the convolutional classifiers agree on: which size of picture is small, and how weights start."""

from collections.abc import Iterable
from typing import Literal

from torch import Tensor, nn

from ...layers import initialise

Layout = Literal["auto", "imagenet", "small"]
LAYOUTS = ("auto", "imagenet", "small")
SMALL_PX = 96  # below it a stem that divides the side by four would leave too little to look at
SMALL_START = 0.03  # deviation of the scores of features about 1: each class is as likely, and the loss starts at ln K


def is_small(image: tuple[int, int, int], layout: str) -> bool:
    """Whether to build for small pictures: by the shorter side with "auto", or as asked.

    Raises ValueError for a layout that is none.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout must be one of {', '.join(LAYOUTS)}; got '{layout}'")
    return layout == "small" or (layout == "auto" and min(image[1:]) < SMALL_PX)


def require(name: str, image: tuple[int, int, int], smallest: int) -> None:
    """Raise ValueError for a picture with a side shorter than `smallest` pixels."""
    _, H, W = image
    if min(H, W) < smallest:
        raise ValueError(
            f"{name} needs pictures of at least {smallest} x {smallest} pixels and these are {H} x {W}; "
            f"set size={smallest}, or model=small_conv, which takes any size"
        )


def one_of(name: str, value: object, known: Iterable[object]) -> None:
    """Raise ValueError for a setting that is none of the known ones."""
    known = list(known)
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(map(str, known))}; got {value!r}")


def at_least_1(name: str, value: int) -> None:
    """Raise ValueError for a number below 1."""
    if value < 1:
        raise ValueError(f"{name} must be at least 1; got {value}")


def start(network: nn.Module, *last: nn.Module) -> None:
    """He's initialisation, which keeps the size of signals between ReLUs, and small scores from the `last` layers.

    Source: He et al., 2015 (Delving deep into rectifiers), section 2.2.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            initialise.he(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    for module in last:
        assert isinstance(module.weight, Tensor)
        nn.init.normal_(module.weight, std=SMALL_START / initialise.inputs(module.weight) ** 0.5)
