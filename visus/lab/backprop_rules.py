"""What do the gates of a circuit do with a gradient?

Some notes print the gradient of ‖W x‖² with respect to x as 2 qᵢ Wᵀ, with q = W x; it is 2 Wᵀ q. And the Jacobian of a
gate that works element by element is diagonal: output i depends on input i alone.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..circuit.graph import Gate
from ..circuit.trace import trace
from ..circuit.wording import number, shape
from ._drawing import drawn
from ._exhibit import Exhibit, Table

STEP = 1e-5  # of the centred difference
WIDE, BATCH, GIB = 4096, 100, 2**30  # the textbook's layer and batch
BRANCHES = "(x + σ(y)) / (σ(x) + (x + y)²)"
NEURON = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
EXPRESSIONS: dict[str, tuple[Callable[..., Tensor], dict[str, Any], bool]] = {
    "(x + y) z": (lambda x, y, z: (x + y) * z, {"x": -2.0, "y": 5.0, "z": -4.0}, False),
    "2 (x y + max(z, w))": (
        lambda x, y, z, w: 2 * (x * y + torch.maximum(z, w)),
        {"x": 3.0, "y": -4.0, "z": 2.0, "w": -1.0},
        False,
    ),
    "A neuron, gate by gate": (lambda w0, x0, w1, x1, w2: torch.sigmoid(w0 * x0 + w1 * x1 + w2), NEURON, True),
    "A neuron, sigmoid as one gate": (lambda w0, x0, w1, x1, w2: torch.sigmoid(w0 * x0 + w1 * x1 + w2), NEURON, False),
    BRANCHES: (
        lambda x, y: (x + torch.sigmoid(y)) / (torch.sigmoid(x) + (x + y) ** 2),
        {"x": 3.0, "y": -4.0},
        False,
    ),
    "‖W x‖²": (
        lambda W, x: (W @ x).square().sum(),
        {"W": [[0.1, 0.5], [-0.3, 0.8]], "x": [0.2, 0.4]},
        False,
    ),
}


def run() -> Exhibit:
    circuits = {title: trace(f, **inputs, fine=fine) for title, (f, inputs, fine) in EXPRESSIONS.items()}
    gates = [gate for circuit in circuits.values() for gate in circuit.gates]
    product, branches = circuits["(x + y) z"], circuits[BRANCHES]
    norm = circuits["‖W x‖²"]
    slopes = {title: _off_by(f, inputs) for title, (f, inputs, _) in EXPRESSIONS.items()}
    coarse, fine = circuits["A neuron, sigmoid as one gate"], circuits["A neuron, gate by gate"]
    apart = max(float((coarse.gradients[n] - fine.gradients[n]).abs()) for n in NEURON)
    findings = [
        "Every wire carries upstream times local: " + _chain(product.gates[0]) + ".",
        _roles(gates),
        f"Sigmoid as one gate, (1 − s) s, and as four gates give the same five gradients to {apart:.1g}.",
        *(note for note in branches.notes if " = " in note),
        f"All gradients agree with centred differences: the largest difference is {max(slopes.values()):.1e}.",
        "‖W x‖²: "
        + ", ".join(f"the gradient of {n} is {shape(g)}, as {n} is" for n, g in norm.gradients.items())
        + ".",
        _jacobian(),
    ]
    charts = [drawn(circuit, f"{title} = {number(float(circuit.value))}") for title, circuit in circuits.items()]
    rows = [[symbol, rule] for symbol, rule in {gate.symbol: gate.rule for gate in gates if gate.rule}.items()]
    data = {
        title: {"f": float(circuit.value), "gradients": {n: g.tolist() for n, g in circuit.gradients.items()}}
        for title, circuit in circuits.items()
    }
    table = Table("What each gate does", ["gate", "with the gradient that reaches it"], rows)
    return Exhibit("Backpropagation, gate by gate", findings, charts, tables=[table], data={"circuits": data})


def _chain(gate: Gate) -> str:
    """What a gate got and what it sends, in numbers."""
    upstream = gate.output.gradient
    assert upstream is not None
    got = number(float(upstream))
    sent = " and ".join(
        f"{got} × {number(float(wire.local))} = {number(float(wire.gradient))} to {wire.source.name}"
        for wire in gate.wires
        if wire.local is not None and wire.gradient is not None
    )
    return f"the + gate of (x + y) z gets {got} and sends {sent}"


def _jacobian() -> str:
    gib = (WIDE * BATCH) ** 2 * 4 / GIB
    return (
        f"A gate on {WIDE:,} numbers has a Jacobian of {WIDE:,} × {WIDE:,} = {WIDE**2:,} numbers, and on a batch of "
        f"{BATCH} one of {gib:,.0f} GiB in float32. It is never formed: each gate multiplies by it in its own way."
    )


def _roles(gates: list[Gate]) -> str:
    """How many gates of each role kept their rule, checked on the numbers."""
    kept = {
        role: [_keeps(gate) for gate in gates if gate.role == role] for role in ("distributor", "router", "switcher")
    }
    told = ", ".join(f"{sum(found)} of {len(found)} {role}s" for role, found in kept.items())
    return f"Add hands on (distributor), max chooses (router), mul swaps (switcher): {told} do so here."


def _keeps(gate: Gate) -> bool:
    upstream = gate.output.gradient
    wires = [wire for wire in gate.wires if wire.gradient is not None]
    assert upstream is not None
    if gate.role == "distributor":
        return all(torch.equal(w.gradient, upstream.expand_as(w.end)) for w in wires if w.gradient is not None)
    if gate.role == "router":
        largest = max(wires, key=lambda wire: float(wire.end))
        return all(
            torch.equal(w.gradient, upstream if w is largest else 0 * upstream) for w in wires if w.gradient is not None
        )
    first, second = wires
    swapped = [(first, second.end), (second, first.end)]
    return all(bool(torch.isclose(upstream * end, torch.as_tensor(w.gradient), rtol=1e-12)) for w, end in swapped)


def _off_by(f: Callable[..., Tensor], inputs: dict[str, Any]) -> float:
    """The largest difference between a circuit's gradients and centred differences."""
    arrays = {name: torch.tensor(value, dtype=torch.float64) for name, value in inputs.items()}
    worst = 0.0
    for name, gradient in trace(f, **inputs).gradients.items():
        for place in range(gradient.numel()):
            ends = []
            for sign in (1, -1):
                moved = {n: a.clone() for n, a in arrays.items()}
                moved[name].view(-1)[place] += sign * STEP
                ends.append(float(f(**moved)))
            slope = (ends[0] - ends[1]) / (2 * STEP)
            worst = max(worst, abs(slope - float(gradient.reshape(-1)[place])))
    return worst
