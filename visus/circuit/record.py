"""Write down every operation while a function runs, as gates between values."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from . import gates
from .graph import Gate, Value, Wire
from .wording import shape

CASTS = frozenset(["double", "float", "half", "bfloat16", "to", "type", "type_as", "contiguous", "cpu", "clone"])
FORGETS = frozenset(["zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like", "randint_like"])
TAKES_OUT = frozenset(["item", "__float__", "__int__", "__index__", "tolist", "numpy", "__array__"])
IN_PLACE = frozenset(["iadd", "isub", "imul", "idiv", "itruediv", "ipow", "imod", "iand", "ior", "ixor", "ifloordiv"])


class Recorder(TorchFunctionMode):
    """While it is entered, every torch operation on a known value becomes a gate.

    An operation is handed a view of each value it reads, one view per wire: what comes back on a branch can then be
    asked for by itself, and a value's own gradient is the sum over its wires.
    """

    def __init__(self, leaves: list[Value], fine: bool) -> None:
        super().__init__()
        self.fine = fine
        self.gates: list[Gate] = []
        self.notes: list[str] = []
        self._known = {id(value.data): value for value in leaves}
        self._cut: set[int] = set()  # of what had no gradient when it was made

    def find(self, tensor: Tensor) -> Value | None:
        """The value a tensor is, or None for one that has nothing to do with the inputs."""
        value = self._known.get(id(tensor))
        if tensor.grad_fn is not None and (value is None or id(tensor) in self._cut):
            return self._hidden_step(tensor)
        return value

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name, reflected = gates.name_of(func)
        own = getattr(func, "__name__", "")
        found = [value for value in map(self.find, _tensors((args, kwargs))) if value is not None]
        read = [value for value in found if value.kind != "constant"]
        if not read or name in FORGETS or name.startswith("new_"):
            return func(*args, **kwargs)
        _refuse_changes(own, kwargs, read)
        if own in TAKES_OUT or own == "__bool__":
            return self._take_out(own.strip("_"), func, args, kwargs)
        if self.fine and name in ("sigmoid", "linear"):
            with self:
                return _in_small_steps(name, *args, **kwargs)
        wires: list[Wire] = []
        result = self._run(func, name, args, kwargs, read, wires)
        if isinstance(result, Tensor):
            return self._made(name, reflected, args, wires, result)
        if not isinstance(result, tuple | list) or not any(isinstance(item, Tensor) for item in result):
            return result  # a shape, a length, ...
        several = sum(item.requires_grad for item in result) > 1
        parts = []
        for place in range(len(result)):  # once more for each part, so that each has wires of its own
            wires = []
            part = self._run(func, name, args, kwargs, read, wires)[place]
            which = f" [{place}]" if several or not part.requires_grad else ""
            parts.append(self._made(name, reflected, args, wires, part, which))
        return type(result)(parts)

    def _run(self, func: Any, name: str, args: Any, kwargs: Any, read: list[Value], wires: list[Wire]) -> Any:
        """The operation on a view of each value it reads; the wires are noted."""

        def hand_over(tensor: Tensor) -> Tensor:
            value = self.find(tensor)
            if value is None:
                constant = tensor.detach().double() if tensor.is_floating_point() else tensor
                if tensor.ndim:  # a single number is written into the gate
                    wires.append(Wire(Value("constant", constant, "constant"), constant))
                return constant
            end = tensor.view_as(tensor) if tensor.requires_grad else tensor
            wires.append(Wire(value, end))
            return end

        try:
            return func(*_mapped(hand_over, args), **_mapped(hand_over, kwargs))
        except (RuntimeError, IndexError, TypeError, ValueError) as error:
            operands = " and ".join(f"{value.name or 'a value'} {shape(value.data)}" for value in read)
            reason = str(error).strip().partition("\n")[0].rstrip(".")
            raise ValueError(f"{name} does not fit {operands}: {reason}; change the shapes") from error

    def _made(self, name: str, reflected: bool, args: Any, wires: list[Wire], made: Tensor, which: str = "") -> Tensor:
        """Note the gate that made a tensor, and hand the tensor on."""
        for wire in wires:
            if made is wire.end or (name in CASTS and made.is_floating_point()):
                return wire.source.data  # nothing but a change of type or place: no gate
        # max(x, 1) looks along axis 1; max(x, tensor(1.)) compares
        operands = [
            self._constant(a) if name not in ("max", "min") or isinstance(a, Tensor) else None for a in args[:2]
        ]
        operands = operands[::-1] if reflected else operands
        rule = gates.rule(name, operands)
        value = Value(f"g{len(self.gates) + 1}", made, "gate")
        self.gates.append(Gate(name, gates.symbol(name, operands) + which, wires, value, gates.role(rule), rule))
        self._known[id(made)] = value
        if not made.requires_grad:
            self._cut.add(id(made))
        return made

    def _constant(self, operand: Any) -> float | None:
        """The number a constant operand is, or None for a value."""
        if isinstance(operand, Tensor):
            return float(operand.detach()) if operand.ndim == 0 and self.find(operand) is None else None
        return float(operand) if isinstance(operand, int | float) else None

    def _hidden_step(self, tensor: Tensor) -> Value:
        """The value made by an autograd function of the user's own, which runs where no operation is seen."""
        node: Any = tensor.grad_fn
        makers = {value.data.grad_fn: value for value in self._known.values() if value.data.grad_fn is not None}
        leaves = {id(value.data): value for value in self._known.values()}
        wires = []
        for parent, _ in node.next_functions:
            if parent is None:
                continue
            source = makers.get(parent) or leaves.get(id(getattr(parent, "variable", None)))
            if source is None:
                raise ValueError(
                    f"the trace cannot see how {node.name()} got its inputs; write it with torch functions"
                )
            wires.append(Wire(source, source.data))
        name = node.name().removesuffix("Backward")
        value = Value(f"g{len(self.gates) + 1}", tensor, "gate")
        self.gates.append(Gate(name, name, wires, value))
        self._known[id(tensor)] = value
        self._cut.discard(id(tensor))
        places = [place for place, (parent, _) in enumerate(node.next_functions) if parent is not None]
        node.register_hook(lambda received, _: _keep(wires, [received[place] for place in places]))
        return value

    def _take_out(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        if name == "bool":
            note = "f asks for a truth value in Python (`if`, max, min): only the branch taken here is in the circuit."
            note += " torch.maximum and torch.where are gates."
        else:
            note = (
                f"{name}() takes a number out of the circuit, and no gradient flows through it: use torch's functions."
            )
        if note not in self.notes:
            self.notes.append(note)
        return func(*_mapped(torch.Tensor.detach, args), **kwargs)


def _refuse_changes(own: str, kwargs: dict[str, Any], read: list[Value]) -> None:
    """Raise ValueError for an operation that overwrites what it was given."""
    augmented = own.startswith("__") and own.strip("_") in IN_PLACE
    changes = own.endswith("_") and not own.endswith("__") and own != "requires_grad_"
    if changes or augmented or own == "__setitem__" or kwargs.get("inplace") or kwargs.get("out") is not None:
        what = "an assignment to a part of a tensor" if own == "__setitem__" else f"{own} in place"
        raise ValueError(f"f overwrites a value ({what}, on {read[0].name}); make a new value instead")
    if own == "backward":
        raise ValueError("f must only compute its value; the circuit goes backwards by itself: take backward() out")


def _keep(wires: list[Wire], received: list[Tensor | None]) -> None:
    for wire, gradient in zip(wires, received, strict=True):
        wire.gradient = gradient


def _in_small_steps(name: str, x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None) -> Tensor:
    if name == "sigmoid" or weight is None:
        return 1 / (1 + torch.exp(-1 * x))
    product = x @ weight.T
    return product if bias is None else product + bias


def _tensors(arguments: Any) -> list[Tensor]:
    """All tensors among nested arguments, in their order."""
    if isinstance(arguments, Tensor):
        return [arguments]
    inner = arguments.values() if isinstance(arguments, dict) else arguments
    return [t for item in inner for t in _tensors(item)] if isinstance(arguments, tuple | list | dict) else []


def _mapped(change: Callable[[Tensor], Any], arguments: Any) -> Any:
    """The same arguments with every tensor changed."""
    if isinstance(arguments, Tensor):
        return change(arguments)
    if isinstance(arguments, dict):
        return {key: _mapped(change, item) for key, item in arguments.items()}
    if isinstance(arguments, tuple | list):
        items = [_mapped(change, item) for item in arguments]
        return type(arguments)(items) if type(arguments) in (tuple, list) else items
    return arguments
