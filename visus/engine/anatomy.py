"""What a network consists of: its layers by name, what each puts out, and which of them decides.

Works on any module by its dotted names, as in `state_dict`; nothing of ours is asked of it. Hooks do the looking and
are removed afterwards, so a network leaves as it came.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from .catalogue import nearest

SHOWN = 12  # names listed when one is not there; a deep network has hundreds
Hook = Callable[[nn.Module, tuple[Any, ...], Any], Any]


def layers(network: nn.Module) -> dict[str, nn.Module]:
    """The modules without children, by dotted name, in the order in which they were defined."""
    return {name: module for name, module in network.named_modules() if not any(module.children())}


def layer(network: nn.Module, name: str) -> nn.Module:
    """The sub-module `name`, a single layer or a whole block. Raises LookupError with the nearest name."""
    known = dict(network.named_modules())
    if name not in known:
        raise LookupError(_not_there(name, [other for other in known if other]))
    return known[name]


def outputs(network: nn.Module, inputs: Tensor, names: Iterable[str]) -> dict[str, Tensor]:
    """What the named modules put out in one forward pass, in the order asked for.

    Of a module that is called several times it is the last answer. The graph is kept if gradients are enabled, and a
    score's gradient with respect to an output is right even where an in-place layer follows. The mode (training or
    evaluation) is left as it is. Raises LookupError for a name that is not there, ValueError for a module that takes
    no part in the pass or puts out something else than a tensor.
    """
    modules = {name: layer(network, name) for name in names}
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Hook:
        def hook(module: nn.Module, given: tuple[Any, ...], out: Any) -> Any:
            if not isinstance(out, Tensor):
                raise ValueError(f"layer '{name}' puts out {type(out).__name__}, not a tensor; take a layer inside it")
            seen[name] = out
            return out.clone()  # an in-place layer that follows would overwrite what was seen

        return hook

    with watching({module: keep(name) for name, module in modules.items()}):
        network(inputs)
    for name in modules:
        if name not in seen:
            raise ValueError(f"layer '{name}' is never called in the forward pass; take one of its layers instead")
    return {name: seen[name] for name in modules}


def entering(network: nn.Module, inputs: Tensor, names: Iterable[str]) -> dict[str, Tensor]:
    """What enters the named modules in one forward pass, without a graph: the features that each is given.

    Raises as `outputs` does.
    """
    modules = {name: layer(network, name) for name in names}
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        def hook(module: nn.Module, given: tuple[Any, ...]) -> None:
            if not given or not isinstance(given[0], Tensor):
                raise ValueError(f"layer '{name}' is given no tensor; take a layer inside it")
            seen[name] = given[0].clone()  # what is in place there changes it

        return hook

    handles = [module.register_forward_pre_hook(keep(name)) for name, module in modules.items()]
    try:
        with torch.no_grad():
            network(inputs)
    finally:
        for handle in handles:
            handle.remove()
    for name in modules:
        if name not in seen:
            raise ValueError(f"layer '{name}' is never called in the forward pass; take one of its layers instead")
    return {name: seen[name] for name in modules}


def call_order(network: nn.Module, inputs: Tensor) -> list[str]:
    """The names of the layers in the order in which a forward pass first calls them; uncalled ones are left out."""
    names = {module: name for name, module in layers(network).items()}
    order: dict[str, None] = {}

    def note(module: nn.Module, given: tuple[Any, ...], out: Any) -> None:
        order.setdefault(names[module])

    with torch.no_grad(), watching(dict.fromkeys(names, note)):
        network(inputs)
    return list(order)


def head(network: nn.Module, n_classes: int) -> str:
    """The name of the last linear layer or 1x1 convolution that puts out n_classes values.

    Raises LookupError if there is none, with the widths of the layers that could have been meant.
    """
    widths = {name: width for name, module in layers(network).items() if (width := _width(module))}
    found = [name for name, width in widths.items() if width == n_classes]
    if not found:
        last = ", ".join(f"'{name}' puts out {width}" for name, width in list(widths.items())[-3:]) or "it has none"
        raise LookupError(
            f"no linear layer or 1x1 convolution puts out {n_classes} values ({last}); take another model"
        )
    return found[-1]


@contextmanager
def watching(hooks: Mapping[nn.Module, Hook]) -> Iterator[None]:
    """Within this context each module's forward pass is told to its hook; afterwards none is left."""
    handles = [module.register_forward_hook(hook) for module, hook in hooks.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _width(module: nn.Module) -> int:
    """Values a deciding layer puts out; 0 for a layer that cannot decide."""
    if isinstance(module, nn.Linear):
        return module.out_features
    if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1):
        return module.out_channels
    return 0


def _not_there(name: str, known: list[str]) -> str:
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    listed = ", ".join(sorted(known, key=lambda other: other.count("."))[:SHOWN])  # blocks before what is in them
    return f"no layer '{name}' in this network.{nearest(name, known)} Layers: {listed}{more}."
