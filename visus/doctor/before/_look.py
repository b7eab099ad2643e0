"""One look at a task at work: the layers that run, the networks they belong to, and what enters the loss."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, is_dataclass
from typing import Any

from torch import Tensor, nn

from ...engine.aside import is_aside
from ...engine.objective import Batch, Objective
from ...engine.task import Task
from ..instruments.sequences import are_tokens
from ._loss_call import LossCall, LossCalls

NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
WEIGHTED = (nn.Linear, nn.modules.conv._ConvNd, nn.Bilinear)


@dataclass
class LayerCall:
    """A module without children at work, the first time it is called."""

    name: str
    module: nn.Module
    given: Tensor | None
    made: Tensor | None


@dataclass
class Look:
    """layers: in the order in which they ran. networks: names of the outermost modules with parameters that were
    called; outputs: what the last of them returned. value: the summed loss, None if it failed with `error`.
    """

    layers: list[LayerCall] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    inputs: Tensor | None = None
    outputs: Tensor | None = None
    losses: list[LossCall] = field(default_factory=list)
    terms: Mapping[str, Tensor] = field(default_factory=dict)
    error: Exception | None = None


def look(task: Task, objective: Objective, batch: Batch) -> Look:
    """Compute the objective's loss on `batch` and note what happens on the way. Does not raise if the loss does."""
    found = Look()
    calls = LossCalls()
    with _hooks(task, found), calls:
        try:
            found.terms = objective.loss(batch)
        except Exception as error:
            found.error = error
    found.losses = calls.found
    return found


def tensors(value: Any) -> Iterator[Tensor]:
    """Every tensor in nested tuples, lists and mappings, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from tensors(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from tensors(inner)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from tensors(vars(value))


def first_float(value: Any) -> Tensor | None:
    """The first floating-point tensor, with a dimension if any has one: a lone number is a loss, not an answer."""
    found = [t for t in tensors(value) if t.is_floating_point()]
    return next((t for t in found if t.ndim), next(iter(found), None))


def failure(error: Exception) -> str:
    """An error in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


@contextmanager
def _hooks(task: Task, found: Look) -> Iterator[None]:
    depth = _Depth(found)
    handles = []
    for name, module in task.named_modules():
        if module is task:
            continue
        if not any(True for _ in module.children()):
            handles.append(module.register_forward_hook(_Leaf(name, found)))
        if any(True for _ in module.parameters()):
            handles.append(module.register_forward_pre_hook(_Enter(name, depth), with_kwargs=True))
            handles.append(module.register_forward_hook(_Leave(depth), always_call=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class _Leaf:
    def __init__(self, name: str, found: Look) -> None:
        self.name, self.found = name, found

    def __call__(self, module: nn.Module, args: Any, output: Any) -> None:
        if not is_aside() and all(call.module is not module for call in self.found.layers):
            given = next(tensors(args), None)
            self.found.layers.append(LayerCall(self.name, module, given, first_float(output)))


class _Depth:
    def __init__(self, found: Look) -> None:
        self.found, self.depth = found, 0


class _Enter:
    def __init__(self, name: str, state: _Depth) -> None:
        self.name, self.state = name, state

    def __call__(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        found = self.state.found
        if is_aside():
            return
        if self.state.depth == 0:
            found.networks += [self.name] * (self.name not in found.networks)
            if found.inputs is None:
                found.inputs = next(tensors([args, kwargs]), None)
        self.state.depth += 1


class _Leave:
    def __init__(self, state: _Depth) -> None:
        self.state = state

    def __call__(self, module: nn.Module, args: Any, output: Any) -> None:
        if is_aside():
            return
        self.state.depth -= 1
        if self.state.depth == 0 and (made := first_float(output)) is not None:
            self.state.found.outputs = made


@contextmanager
def blanked(task: Task, network: str, targets: Sequence[Tensor] = ()) -> Iterator[None]:
    """The network sees nothing: what comes in from the data is replaced by zeros of its kind, but not `targets`."""
    handle = task.get_submodule(network).register_forward_pre_hook(_Blank(targets), with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


class _Blank:
    """The first tensor is the input; a later one that shares memory with a target is handed to the loss inside."""

    def __init__(self, targets: Sequence[Tensor]) -> None:
        self.targets, self.spared = targets, {_memory(t) for t in targets}

    def __call__(self, module: nn.Module, args: Any, kwargs: Any) -> Any:
        first = next(tensors([args, kwargs]), None)

        def blank(value: Any) -> Any:
            if isinstance(value, Tensor):
                spared = value.requires_grad or (value is not first and _memory(value) in self.spared)
                return value if spared else _nothing(value)
            if isinstance(value, dict):
                return {name: blank(inner) for name, inner in value.items()}
            if type(value) in (list, tuple):
                return type(value)(blank(inner) for inner in value)
            return value

        return blank(args), blank(kwargs)


def _nothing(value: Tensor) -> Tensor:
    """Zeros; of tokens one and the same everywhere: 0 is padding to many networks, and a sentence of none is empty."""
    return value[:1, :1].expand_as(value).contiguous() if are_tokens(value) else value.new_zeros(value.shape)


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
