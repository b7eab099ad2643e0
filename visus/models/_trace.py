"""Follow one picture through a network, operation by operation: what is written, multiplied and seen.

A dispatch mode sees every operation that torch carries out, those of modules and those of functions alike; hooks say
which module is at work. Tensors may be on the meta device, where only shapes are computed.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from ..geometry.arithmetic import Reach, spread, summed

Pair = tuple[int, int]
Seen = tuple[Reach, Reach]  # along the height and the width

MATRIX = {"mm", "addmm", "bmm", "baddbmm"}
POOLS = {
    "max_pool2d_with_indices": "max_pool",
    "max_pool2d": "max_pool",
    "avg_pool2d": "avg_pool",
    "_adaptive_avg_pool2d": "avg_pool",
    "adaptive_max_pool2d": "max_pool",
}
REDUCTIONS = {"mean", "amax", "sum", "max"}
CROPS = {"constant_pad_nd", "slice", "reflection_pad2d", "replication_pad2d", "narrow", "select", "pad"}


@dataclass
class Step:
    """A layer at work, or an operation outside any layer. output: without the batch; written: values, or 0 in place."""

    name: str
    kind: str
    module: nn.Module | None
    output: tuple[int, ...] = ()
    macs: int = 0
    written: int = 0
    seen: Seen = (Reach(), Reach())
    remark: str = ""


class Trace(TorchDispatchMode):
    """Fills `steps` while a network that it `follows` takes a picture."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's own
        self.names = {module: name for name, module in network.named_modules()}
        self.steps: list[Step] = []
        self.open: list[nn.Module] = []  # modules at work, the innermost last
        self.current: Step | None = None  # the leaf module at work
        self.seen: Any = WeakTensorKeyDictionary()

    @contextmanager
    def follow(self, picture: Tensor) -> Iterator[None]:
        """Watch what is done to a picture (1, C, H, W)."""
        self.seen[picture] = (Reach(), Reach())
        with ExitStack() as stack:
            for module in self.names:
                stack.callback(module.register_forward_pre_hook(self._enter).remove)
                stack.callback(module.register_forward_hook(self._leave).remove)
            stack.enter_context(self)
            yield

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        first = next((leaf for leaf in tree_leaves(out) if isinstance(leaf, Tensor)), None)
        parents = [leaf for leaf in tree_leaves(args) if isinstance(leaf, Tensor) and leaf in self.seen]
        name = func._schema.name.removeprefix("aten::")
        if first is not None and parents:
            self._note(name, args, first, parents)
            for other in tree_leaves(out):  # the steps of a sequence come from one picture, all of them
                if isinstance(other, Tensor) and other is not first:
                    self.seen[other] = self.seen[first]
        elif first is not None and name in MATRIX and self.current:
            self.current.macs += _macs(name, args, first)  # a state that begins at zeros is multiplied too
        return out

    def _enter(self, module: nn.Module, inputs: Any) -> None:
        self.open.append(module)
        if not any(True for _ in module.children()):
            self.current = Step(self.names[module], type(module).__name__, module)
            self.steps.append(self.current)

    def _leave(self, module: nn.Module, inputs: Any, out: Any) -> None:
        self.open.pop()
        step, self.current = self.current, None
        if step is None or step.module is not module or not isinstance(out, Tensor):
            return
        step.output = tuple(out.shape[1:])
        if window := getattr(module, "window", None):  # a layer of ours whose operations do not show what it looks at
            before = [self.seen[x] for x in tree_leaves(inputs) if isinstance(x, Tensor) and x in self.seen]
            self.seen[out] = tuple(reach.through(*window) for reach in before[0])
        step.seen = self.seen.get(out, step.seen)
        step.written = out[0].numel() if step.written else 0

    def _note(self, op: str, args: Sequence[Any], out: Tensor, parents: Sequence[Tensor]) -> None:
        """Keep what an operation did, in the step of the layer at work or in one of its own."""
        op = op.rstrip("_")
        window = _window(op, args)
        self.seen[out] = seen = _seen(op, window, out, [(p, self.seen[p]) for p in parents])
        kind = _kind(op, window, args, out)
        if not kind or out.ndim < 2:  # a single number is no layer's output
            return
        step = self.current
        if step is None:
            where = self.names[self.open[-1]] if self.open else ""
            step = Step(f"{where}.{kind.split()[0]}".lstrip("."), kind, None)
            self.steps.append(step)
        elif type(step.module).__module__.startswith("torch.") and (window or op in MATRIX):
            step.kind = kind
        step.macs += _macs(op, args, out)
        step.output, step.written, step.seen = tuple(out.shape[1:]), out[0].numel(), seen
        step.remark = step.remark or (window.remark(args[0].shape[2:]) if window else "")


@dataclass(frozen=True)
class _Window:
    """A window that moves over a map. rounded_up: it may stand over the edge, so that nothing is left out."""

    field: Pair
    stride: Pair
    padding: Pair
    dilation: Pair = (1, 1)
    rounded_up: bool = False

    def remark(self, size: Sequence[int]) -> str:
        """What of the map no window stands on. Zeros of the padding do not count, nor gaps that are meant."""
        for n, field, stride, pad, gap in zip(size, self.field, self.stride, self.padding, self.dilation, strict=True):
            over = (n - spread(field, gap) + 2 * pad) % stride
            if over > pad and stride <= field and not self.rounded_up:
                return f"{summed(n, field, stride, pad, gap)} is not whole: the last {over - pad} px are not looked at"
        return ""


def _window(op: str, args: Sequence[Any]) -> _Window | None:
    if op == "convolution" and not args[6]:
        weight, stride, padding, dilation = args[1], args[3], args[4], args[5]
        return _Window(_pair(weight.shape[2:]), _pair(stride), _pair(padding), _pair(dilation))
    if op in ("max_pool2d_with_indices", "max_pool2d", "avg_pool2d"):
        field = _pair(args[1])
        stride = _pair(args[2]) if len(args) > 2 and args[2] else field
        padding = _pair(args[3]) if len(args) > 3 else (0, 0)
        if op == "avg_pool2d":
            return _Window(field, stride, padding, rounded_up=len(args) > 4 and bool(args[4]))
        dilation = _pair(args[4]) if len(args) > 4 else (1, 1)
        return _Window(field, stride, padding, dilation, len(args) > 5 and bool(args[5]))
    return None


def _seen(op: str, window: _Window | None, out: Tensor, parents: Sequence[tuple[Tensor, Seen]]) -> Seen:
    """What the values of `out` have seen: of several inputs, what the one that has seen most has."""
    if window:
        ways = zip(parents[0][1], window.field, window.stride, window.dilation, strict=True)
        height, width = (reach.through(field, stride, gap) for reach, field, stride, gap in ways)
        return height, width
    if op in CROPS:
        return parents[0][1]
    after = tuple(out.shape[2:]) if out.ndim == 4 else (1, 1)
    found = [_gathered(reaches, p.shape[2:], after) if p.ndim == 4 else reaches for p, reaches in parents]
    height, width = (max((pair[axis] for pair in found), key=lambda reach: reach.field) for axis in (0, 1))
    return height, width


def _gathered(reaches: Seen, before: Sequence[int], after: Sequence[int]) -> Seen:
    """What is seen where a map of one size becomes one of another: pooled by even windows, or enlarged."""
    found = []
    for reach, n, m in zip(reaches, before, after, strict=True):
        stride = max(1, n // m)
        field = n - (m - 1) * stride if m < n else 1
        jump = max(1, reach.jump * n // m) if m > n else reach.jump
        found.append(Reach(reach.field, jump).through(field, stride if m < n else 1))
    return found[0], found[1]


def _kind(op: str, window: _Window | None, args: Sequence[Any], out: Tensor) -> str:
    """What an operation is to be called in the table; '' for one that works in place or only arranges values."""
    if op == "convolution" and not window:
        return f"transposed {_times(args[1].shape[2:])}{_by(args[3])}"
    if window:
        name = POOLS.get(op, "conv")
        groups = args[8] if op == "convolution" else 1
        dilated = f", dilated {window.dilation[0]}" if max(window.dilation) > 1 else ""
        return (
            f"{name} {_times(window.field)}{_by(window.stride)}"
            + (f", {groups} groups" if groups > 1 else "")
            + dilated
        )
    if op in (*POOLS, *REDUCTIONS) and args[0].ndim == 4 and _spatial(out) < _spatial(args[0]):
        return f"{POOLS.get(op, op)} to {_times(out.shape[2:] if out.ndim == 4 else (1, 1))}"
    return "linear" if op in MATRIX else ""


def _macs(op: str, args: Sequence[Any], out: Tensor) -> int:
    """Multiplications, each with its addition, of one picture; of convolutions and matrix products only."""
    if op == "convolution":
        each = args[1][0].numel()  # weights of one filter, or, transposed, those that one input value meets
        return int((args[0] if args[6] else out)[0].numel()) * each
    if op in MATRIX:
        left = args[1] if op in ("addmm", "baddbmm") else args[0]
        return int(out.numel()) * int(left.shape[-1])
    return 0


def _pair(value: Any) -> Pair:
    values = [value] if isinstance(value, int) else list(value)
    return (values[0], values[-1])


def _times(sides: Sequence[int]) -> str:
    return "x".join(map(str, sides))


def _by(stride: Any) -> str:
    stride = _pair(stride)
    return "" if stride == (1, 1) else f" /{stride[0]}" if stride[0] == stride[1] else f" /{_times(stride)}"


def _spatial(x: Tensor) -> int:
    return math.prod(x.shape[2:]) if x.ndim == 4 else 1
