"""A loss as it was computed outside the networks: calls of networks and functions, in order, ready to be repeated.

Only what needs a gradient is on the tape. Whatever else enters, pictures, labels, masks, is given from outside, so
the tape is the function from a batch to its loss.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch
from torch import Tensor, nn

SHAPING = ("view", "reshape", "expand", "div", "true_divide", "__truediv__")  # where a batch's size may be written down
CASTS = ("float", "to", "type", "half", "bfloat16")


@dataclass(frozen=True)
class Made:
    """The `position`-th tensor that the operation number `op` returned."""

    op: int
    position: int


@dataclass(frozen=True)
class Given:
    """The `index`-th tensor that came from outside."""

    index: int


@dataclass
class Op:
    """One call. in_place: it changes its first argument, which counts as its result. training: mode of the network."""

    call: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    in_place: bool = False
    training: bool = True
    random: Tensor | None = None  # torch's generator just before a network was called

    @property
    def name(self) -> str:
        return type(self.call).__name__ if isinstance(self.call, nn.Module) else getattr(self.call, "__name__", "")

    def __deepcopy__(self, memo: dict[int, Any]) -> "Op":
        # A network is copied with the task that holds it; a function is what it is.
        call = copy.deepcopy(self.call, memo) if isinstance(self.call, nn.Module) else self.call
        args, kwargs = copy.deepcopy(self.args, memo), copy.deepcopy(self.kwargs, memo)
        return Op(call, args, kwargs, self.in_place, self.training, self.random)


@dataclass
class Tape:
    """ops: number -> call, in order. root: where the loss is. given: what came from outside when it was recorded."""

    ops: dict[int, Op]
    root: Made
    given: list[Tensor]
    value: float

    @property
    def signature(self) -> tuple[Any, ...]:
        """Equal for two steps of the same program."""
        kinds = tuple((t.ndim, t.dtype) for t in self.given)
        return (*(op.name for op in self.ops.values()), *kinds)

    @property
    def networks(self) -> list[nn.Module]:
        """The networks it calls, each once, in order."""
        found: dict[int, nn.Module] = {}
        for op in self.ops.values():
            if isinstance(op.call, nn.Module):
                found.setdefault(id(op.call), op.call)
        return list(found.values())

    @property
    def weights(self) -> list[Tensor]:
        """Tensors that need a gradient and enter without a network: a penalty's, or a model written by hand."""
        found = {id(t): t for op in self.ops.values() for t in leaves((op.args, op.kwargs)) if t.requires_grad}
        return list(found.values())

    def play(self, given: Sequence[Tensor], size: tuple[int, int] = (0, 0)) -> Tensor:
        """The loss for what is given now. size: examples in the batch when it was recorded, and now."""
        results: dict[int, list[Tensor]] = {}
        for number, op in self.ops.items():
            args, kwargs = _filled((op.args, op.kwargs), results, given)
            if size[0] != size[1] and size[0] > 1 and op.name in SHAPING:
                args = _resized(args, size)
            if op.name in CASTS and isinstance(args[0], Tensor) and args[0].dtype == torch.float64:
                results[number] = [args[0]]  # a copy in double precision stays there
                continue
            made = op.call(*args, **kwargs)
            results[number] = [args[0]] if op.in_place else list(leaves(made))
        return results[self.root.op][self.root.position]


def leaves(value: Any) -> Iterator[Tensor]:
    """Every tensor in nested tuples, lists, mappings and data classes, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from leaves(inner)
    elif is_dataclass(value) and not isinstance(value, type | Made | Given):
        for field in fields(value):
            yield from leaves(getattr(value, field.name))


def mapped(value: Any, change: Callable[[Tensor], Any]) -> Any:
    """The same nest with every tensor replaced. Other objects are left as they are."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, dict):
        return {name: mapped(inner, change) for name, inner in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(inner, change) for inner in value))
    if type(value) in (list, tuple):
        return type(value)(mapped(inner, change) for inner in value)
    return value


def _filled(value: Any, results: Mapping[int, list[Tensor]], given: Sequence[Tensor]) -> Any:
    if isinstance(value, Made):
        return results[value.op][value.position]
    if isinstance(value, Given):
        return given[value.index]
    if isinstance(value, dict):
        return {name: _filled(inner, results, given) for name, inner in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_filled(inner, results, given) for inner in value))
    if type(value) in (list, tuple, torch.Size):
        return tuple(_filled(i, results, given) for i in value) if type(value) is not list else [
            _filled(i, results, given) for i in value
        ]  # fmt: skip
    return value


def _resized(value: Any, size: tuple[int, int]) -> Any:
    """A size of the recorded batch that was written into an argument becomes the size of this one."""
    if type(value) in (int, float) and value == size[0]:
        return type(value)(size[1])
    if type(value) in (list, tuple):
        return type(value)(_resized(inner, size) for inner in value)
    return value
