"""Which side of each kink a computation is on: the winners of ReLU, max, clamp and comparisons.

Between two evaluations with the same winners a function is smooth; where a winner changes, a centred difference
steps over a kink and its figure means nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

Side = Callable[[Tensor, tuple[Any, ...], Tensor], Tensor]  # (first argument, all arguments, result) -> pattern


def _positive(x: Tensor, arguments: tuple[Any, ...], y: Tensor) -> Tensor:
    return x > 0


def _passes(x: Tensor, arguments: tuple[Any, ...], y: Tensor) -> Tensor:
    return y == x  # where a clamp lets its input through; a ReLU at exactly 0 does, a hair below it does not


def _within_three(x: Tensor, arguments: tuple[Any, ...], y: Tensor) -> Tensor:
    return torch.stack([x > -3, x < 3])


def _larger(x: Tensor, arguments: tuple[Any, ...], y: Tensor) -> Tensor:
    return torch.gt(x, arguments[1])


def _is_extreme(x: Tensor, arguments: tuple[Any, ...], y: Tensor) -> Tensor:
    if y.ndim != x.ndim and len(arguments) > 1 and arguments[1] != []:
        dims = arguments[1] if isinstance(arguments[1], list | tuple) else [arguments[1]]
        for dim in sorted(d % x.ndim for d in dims):
            y = y.unsqueeze(dim)
    return x == y


def _step(x: Tensor, arguments: tuple[Any, ...], y: Tensor) -> Tensor:
    return y.clone()


def _margins(x: Tensor, arguments: tuple[Any, ...], y: Tensor) -> Tensor:
    labels = arguments[1].reshape(-1, 1)
    margin = arguments[3] if len(arguments) > 3 else 1
    rows = x.reshape(len(labels), -1)
    return rows - rows.gather(1, labels) + margin > 0


SIDES: Mapping[str, Side] = {
    **dict.fromkeys(("relu", "clamp", "clamp_min", "clamp_max", "hardtanh", "threshold", "hardshrink"), _passes),
    **dict.fromkeys(("abs", "leaky_relu", "_prelu_kernel", "rrelu_with_noise", "elu", "celu", "softshrink"), _positive),
    **dict.fromkeys(("hardswish", "hardsigmoid"), _within_three),
    **dict.fromkeys(("maximum", "minimum", "fmax", "fmin"), _larger),
    **dict.fromkeys(("amax", "amin", "max", "min"), _is_extreme),
    **dict.fromkeys(("round", "floor", "ceil", "trunc", "sign", "sgn"), _step),
    "multi_margin_loss": _margins,
}


DECISIONS = (torch.bool, torch.int64, torch.int32, torch.int8)


class Winners(TorchDispatchMode):
    """Notes the winners of what is computed inside; with `expected`, where they first differ from an earlier time.

    switched: the operation whose winners changed, '' if none did. kinks: whether there is anything with a kink at all.
    lowered: the operation that left double precision, '' if none did.
    """

    def __init__(self, expected: list[tuple[str, Tensor]] | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.expected = expected
        self.found: list[tuple[str, Tensor]] = []
        self.switched, self.lowered, self.kinks = "", "", False
        self._position = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = func._schema.name.rpartition(":")[2].rstrip("_")
        first = args[0] if args and isinstance(args[0], Tensor) else None
        before = first.clone() if first is not None and name in SIDES and func._schema.is_mutable else first
        result = func(*args, **(kwargs or {}))
        outputs = [t for t in (result if isinstance(result, list | tuple) else (result,)) if isinstance(t, Tensor)]
        if before is not None and outputs and name in SIDES and before.is_floating_point():
            self.kinks = True
            if outputs[0].is_floating_point():
                self._note(name, SIDES[name](before, args, outputs[0]))
        # Comparisons, arg max, top k, the indices of max pooling: whole numbers decide, and tell which side won.
        for output in outputs:
            if first is not None and first.is_floating_point() and output.dtype in DECISIONS:
                self.kinks = True
                self._note(name, output)
        if not self.lowered and any(t.dtype in (torch.float32, torch.bfloat16, torch.float16) for t in outputs):
            doubles = any(isinstance(a, Tensor) and a.dtype == torch.float64 for a in args)
            self.lowered = name if doubles else ""
        return result

    def _note(self, name: str, pattern: Tensor) -> None:
        if self.expected is None:
            self.found.append((name, pattern.clone()))
        elif not self.switched:
            same = self._position < len(self.expected) and torch.equal(self.expected[self._position][1], pattern)
            self.switched = "" if same else name
            self._position += 1
