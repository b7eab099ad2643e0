"""From a function or module to its circuit: run it once, write down every operation, then go backwards."""

import copy
import inspect
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from . import gates
from .graph import Circuit, Gate, Value
from .record import Recorder
from .wording import inline, shape


def trace(
    f: Callable[..., Any], /, *inputs: Any, fine: bool = False, upstream: Tensor | float | None = None, **named: Any
) -> Circuit:
    """The circuit of `f` at these inputs: every value on the way, and the output's gradient with respect to each.

    f: any function of tensors, or a module, whose parameters are inputs too. Inputs are numbers, lists of numbers,
    arrays or tensors, by place or by the names in f's signature; all arithmetic is float64. Arrays of whole numbers
    stay as they are (labels, indices) and have no gradient. fine: sigmoid as its four gates (× −1, exp, + 1, 1/x).
    upstream: the gradient that comes from above, for an output that is not a single number; a number stands for all.
    A module is traced as a copy: neither its weights nor its running statistics change.

    Raises ValueError in one sentence for a missing or unknown input, NaN, shapes that do not fit, an operation in
    place, and an output that is no tensor, not one number, or cut off from the inputs.
    """
    leaves, arguments = _inputs(f, inputs, named)
    function = f
    if isinstance(f, nn.Module):
        function, weights = _module(f)
        leaves += weights
    recorder = Recorder(leaves, fine)
    with recorder:
        result = function(*arguments.args, **arguments.kwargs)
    output = recorder.find(result) if isinstance(result, Tensor) else None
    if output is None:
        raise ValueError(_no_output(result, recorder.notes))
    kept = _leading_to(output, recorder.gates)
    idle = _left_out(recorder, kept)
    _backward(output, leaves, kept, _seed(output, upstream))
    leaves = [leaf for leaf in leaves if leaf.kind != "constant" or leaf.wires]
    return Circuit(leaves, kept, output, [*recorder.notes, *_remarks(leaves, kept, output), *idle])


def _inputs(f: Callable[..., Any], inputs: tuple[Any, ...], named: dict[str, Any]) -> tuple[list[Value], Any]:
    """The inputs as values, and how to hand them to f."""
    try:
        signature = inspect.signature(f.forward if isinstance(f, nn.Module) else f)
    except ValueError:  # a function of torch's own tells no signature
        signature = inspect.Signature(
            [inspect.Parameter(f"x{i}", inspect.Parameter.POSITIONAL_ONLY) for i in range(len(inputs))]
        )
    try:
        bound = signature.bind(*inputs, **named)
    except TypeError as error:
        takes = ", ".join(str(p) for p in signature.parameters.values())
        reason = str(error).replace("missing a required argument:", "there is none for")
        raise ValueError(f"f takes ({takes}): {reason}; give each input by its name, as x=-2") from None
    leaves: list[Value] = []
    for name, given in bound.arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            bound.arguments[name] = tuple(_leaf(f"{name}{i}", item, leaves) for i, item in enumerate(given))
        elif kind is inspect.Parameter.VAR_KEYWORD:
            bound.arguments[name] = {key: _leaf(key, item, leaves) for key, item in given.items()}
        else:
            bound.arguments[name] = _leaf(name, given, leaves)
    if not leaves:
        raise ValueError("a circuit needs at least one input that is a number, for example x=-2")
    return leaves, bound


def _leaf(name: str, given: Any, leaves: list[Value]) -> Any:
    """A number or array as a tensor, noted among the leaves; anything else, an option of f, as it is."""
    if given is None or isinstance(given, bool | str):
        return given
    try:
        tensor = torch.as_tensor(given).detach().clone()
    except (TypeError, ValueError, RuntimeError):
        if isinstance(given, list | tuple):
            raise ValueError(f"{name} must be a number or an array of numbers; got {given!r}") from None
        return given
    if tensor.is_complex():
        raise ValueError(f"{name} is complex; a circuit draws real numbers: pass its two parts")
    if not hasattr(given, "dtype") and tensor.dtype != torch.bool:
        tensor = torch.as_tensor(given, dtype=torch.float64)  # typed in: -2 means -2.0, and 0.1 not its float32
    if tensor.is_floating_point():
        tensor = tensor.double().requires_grad_()
    if bool(tensor.isnan().any()):
        raise ValueError(f"{name} holds NaN, and so would everything behind it; give finite numbers")
    leaves.append(Value(name, tensor, "input"))
    return tensor


def _module(module: nn.Module) -> tuple[nn.Module, list[Value]]:
    """A float64 copy, with its parameters and buffers as values."""
    twin = copy.deepcopy(module).double()
    parameters = [Value(name, tensor, "parameter") for name, tensor in twin.named_parameters()]
    return twin, parameters + [Value(name, tensor, "constant") for name, tensor in twin.named_buffers()]


def _no_output(result: Any, notes: list[str]) -> str:
    if not isinstance(result, Tensor):
        kind = type(result).__name__
        hint = f"; {notes[-1]}" if notes else ""
        return f"f must return one tensor; it returned {'nothing' if result is None else f'a {kind}'}{hint}"
    return "f's output does not depend on its inputs; there is no circuit between them"


def _leading_to(output: Value, recorded: list[Gate]) -> list[Gate]:
    """The gates the output depends on, in the order of computation, numbered; wires to the others are cut."""
    needed = {id(output)}
    kept = []
    for gate in reversed(recorded):
        if id(gate.output) in needed:
            kept.append(gate)
            needed |= {id(wire.source) for wire in gate.wires}
    kept.reverse()
    for number, gate in enumerate(kept, 1):
        gate.output.name = f"g{number}"
        for wire in gate.wires:
            wire.source.wires.append(wire)
    return kept


def _seed(output: Value, upstream: Tensor | float | None) -> Tensor:
    """The gradient the backward pass starts from, in the shape of the output."""
    data = output.data
    if not data.requires_grad:
        raise ValueError(
            "no gradient flows from the output back to the inputs: a step on the way has none (argmax, a comparison, "
            "detach, whole numbers, ...); take that step out of f"
        )
    if upstream is None:
        if data.numel() != 1:
            raise ValueError(
                f"the output has shape {shape(data)}, and a gradient starts from one number: sum it in f, or say "
                "what comes from above, upstream=1.0 or an array of that shape"
            )
        return torch.ones_like(data)
    above = torch.as_tensor(upstream, dtype=torch.float64)
    if above.ndim and above.shape != data.shape:
        raise ValueError(
            f"a gradient has the shape of its variable: the output is {shape(data)}, upstream {shape(above)}"
        )
    return above.expand(data.shape).contiguous()


def _backward(output: Value, leaves: list[Value], kept: list[Gate], above: Tensor) -> None:
    """Fill in every gradient. Each wire was handed a copy of its source, so torch tells the branches apart."""
    values = [value for value in [*leaves, *(gate.output for gate in kept)] if value.data.requires_grad]
    wires = [
        wire for gate in kept for wire in gate.wires if wire.end.requires_grad and wire.end is not wire.source.data
    ]
    try:
        found = torch.autograd.grad(
            output.data,
            [*(value.data for value in values), *(wire.end for wire in wires)],
            above,
            retain_graph=True,
            allow_unused=True,
        )
    except RuntimeError as error:
        raise ValueError(f"the backward pass fails: {_first_line(error)}") from error
    for value, gradient in zip(values, found, strict=False):  # the values first, then the wires
        value.gradient = torch.zeros_like(value.data) if gradient is None else gradient.detach()
    for wire, gradient in zip(wires, found[len(values) :], strict=True):
        wire.gradient = torch.zeros_like(wire.end) if gradient is None else gradient.detach()
    for gate in kept:
        _local(gate)
    for value in [*leaves, *(gate.output for gate in kept), *(wire.source for gate in kept for wire in gate.wires)]:
        value.data = value.data.detach()


def _local(gate: Gate) -> None:
    """The gate's own gradients where they are one number per element: its Jacobian is a number, or diagonal."""
    out = gate.output.data
    for wire in gate.wires:
        single = out.numel() == wire.end.numel() == 1
        diagonal = gate.name in gates.ELEMENTWISE and out.shape == wire.end.shape
        if out.requires_grad and wire.end.requires_grad and wire.end is not wire.source.data and (single or diagonal):
            (wire.local,) = torch.autograd.grad(out.sum(), wire.end, retain_graph=True, allow_unused=True)
    for wire in gate.wires:
        wire.end = wire.end.detach()


def _remarks(leaves: list[Value], kept: list[Gate], output: Value) -> list[str]:
    """What deserves a sentence."""
    found = []
    for value in [*leaves, *(gate.output for gate in kept)]:
        shares = [wire.gradient for wire in value.wires if wire.gradient is not None]
        if len(shares) > 1 and value.gradient is not None:
            total = f", {_sum(shares)} = {inline(value.gradient)}" if value.data.ndim == 0 and len(shares) < 7 else ""
            found.append(f"{value.name} branches {len(shares)} ways: the gradients that come back are added{total}.")
    for gate in kept:
        if not math.isfinite(float(gate.output.data.double().sum())):
            ill = "NaN" if bool(gate.output.data.isnan().any()) else "infinite"
            found.append(f"{gate.output.name} ({gate.symbol}) is {ill}: the first gate where the numbers break down.")
            break
    for gate in kept:
        if gate.role == "router" and gate.output.data.numel() == 1 and _tied(gate):
            found.append(f"{gate.output.name} ({gate.symbol}) has a tie: torch shares the gradient among equal inputs.")
        if gate.name in gates.FLAT:
            found.append(f"{gate.output.name} ({gate.symbol}) is flat: its gradient is 0 wherever it has one.")
    unread = [v.name for v in leaves if v.kind == "input" and not v.wires and v is not output]
    if unread:
        found.append(f"{', '.join(unread)} does not reach the output: its gradient is 0.")
    return found


def _sum(shares: list[Tensor]) -> str:
    words = [inline(share) for share in shares]
    return words[0] + "".join(f" − {word[1:]}" if word[0] == "−" else f" + {word}" for word in words[1:])


def _left_out(recorder: Recorder, kept: list[Gate]) -> list[str]:
    made = {id(gate.output.data) for gate in kept}
    n_idle = sum(gate not in kept and id(gate.output.data) not in made for gate in recorder.gates)
    return [f"{n_idle} gate{'s do' if n_idle > 1 else ' does'} not lead to the output: left out."] if n_idle else []


def _tied(gate: Gate) -> bool:
    shares = [float(wire.local) for wire in gate.wires if wire.local is not None and wire.local.numel() == 1]
    return len(shares) > 1 and sum(0 < share < 1 for share in shares) > 1


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
