"""A circuit as a table in plain letters."""

import re
from math import prod

from .gates import ELEMENTWISE
from .graph import Circuit, Gate, Value, Wire
from .wording import inline, shape

GIB = 2**30


def table(circuit: Circuit) -> str:
    """Inputs, then gates in the order of computation: what each is, its value, its gradient; then the way back."""
    rows = [("", "made of", "value", "gradient")]
    rows += [(leaf.name, leaf.kind, inline(leaf.data), _gradient(leaf)) for leaf in circuit.inputs]
    rows += [
        (gate.output.name, written(gate), inline(gate.output.data), _gradient(gate.output)) for gate in circuit.gates
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    back = [line for gate in reversed(circuit.gates) for line in _way_back(gate)]
    differentiable = [v for v in _values(circuit) if v.gradient is not None]
    fitting = sum(v.gradient is not None and v.gradient.shape == v.data.shape for v in differentiable)
    lines += ["", "backwards, from the output", *back] if back else []
    lines += ["", f"{fitting} of {len(differentiable)} gradients have the shape of their value.", *circuit.notes]
    return "\n".join(lines)


def written(gate: Gate) -> str:
    """The gate with its inputs, as 'x + y' or 'exp(g3)'."""
    names = [wire.source.name for wire in gate.wires]
    if len(names) == 2 and len(gate.symbol) == 1:
        return f"{names[0]} {gate.symbol} {names[1]}"
    if len(names) == 1 and gate.symbol[1:2] == " ":  # + 1, × 2, > 0
        return f"{names[0]} {gate.symbol}"
    if len(names) == 1 and re.search(r"\bx", gate.symbol):  # x², 1/x, but not exp
        return re.sub(r"\bx", names[0], gate.symbol)
    return f"{gate.symbol}({', '.join(names)})"


def locals_of(gate: Gate) -> str:
    """The gate's own gradients, '−4, 3' for its two inputs, or '' where they are matrices or many."""
    known = [wire.local for wire in gate.wires if wire.local is not None]
    several = any(local.numel() > 1 for local in known)
    return "" if several or not known else ", ".join(inline(local.reshape(())) for local in known)


def jacobian(gate: Gate) -> str:
    """How large the gate's Jacobian would be, for the largest of its inputs; '' where all are single numbers."""
    sizes = [wire.end.numel() for wire in gate.wires if wire.source.gradient is not None]
    n_out = prod(gate.output.data.shape)
    if not sizes or max(sizes) == n_out == 1:
        return ""
    gib = n_out * max(sizes) * 8 / GIB
    memory = f", {gib:,.0f} GiB" if gib >= 10 else f", {gib:.2g} GiB" if gib >= 0.01 else ""
    diagonal = ", diagonal" if gate.name in ELEMENTWISE else ""
    return f"Jacobian {n_out:,} × {max(sizes):,}{memory}{diagonal}: never formed"


def _way_back(gate: Gate) -> list[str]:
    if gate.output.gradient is None:
        return [f"  {gate.output.name}  {written(gate)}: no gradient flows through it"]
    told = [gate.rule] if gate.rule else []
    if locals_of(gate):
        told.append(f"local gradient{'s' if ',' in locals_of(gate) else ''} here: {locals_of(gate)}")
    told += [jacobian(gate)] if jacobian(gate) else []
    told += _broadcast(gate)
    sent = [f"{inline(wire.gradient)} to {wire.source.name}" for wire in gate.wires if wire.gradient is not None]
    return [f"  {gate.output.name}  {'; '.join(told)}".rstrip(), f"      sends {', '.join(sent)}"]


def _broadcast(gate: Gate) -> list[str]:
    out = gate.output.data
    stretched = [w for w in gate.wires if _is_stretched(w, gate)]
    return [f"{w.source.name} {shape(w.end)} was stretched to {shape(out)}: its gradient is summed" for w in stretched]


def _is_stretched(wire: Wire, gate: Gate) -> bool:
    return gate.name in ("add", "sub", "mul", "div", "max", "min") and 1 <= wire.end.numel() < gate.output.data.numel()


def _gradient(value: Value) -> str:
    return "none" if value.gradient is None else inline(value.gradient)


def _values(circuit: Circuit) -> list[Value]:
    return [*circuit.inputs, *(gate.output for gate in circuit.gates)]
