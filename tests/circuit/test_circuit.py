"""Circuits: the course's worked ones, torch's own gradients as the second opinion, and what may go wrong."""

import math
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import visus
from visus import circuit
from visus.circuit.expression import parse

NEURON = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}
NAMES = ("x", "y", "z")
texts = st.recursive(
    st.sampled_from([*NAMES, "2", "0.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, inner).map(lambda t: f"max({t[0]}, {t[1]})"),
        st.tuples(st.sampled_from(["sigmoid", "tanh", "sin", "-"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
        inner.map(lambda t: f"({t}) ** 2"),
    ),
    max_leaves=10,
).filter(lambda text: any(name in text.replace("max", "") for name in NAMES))


def neuron(w0, x0, w1, x1, w2):
    return torch.sigmoid(w0 * x0 + w1 * x1 + w2)


def gradients(traced):
    return {name: gradient.tolist() for name, gradient in traced.gradients.items()}


def test_add_and_multiply():
    traced = circuit(lambda x, y, z: (x + y) * z, x=-2, y=5, z=-4)
    assert traced.value.item() == -12
    assert gradients(traced) == {"x": -4, "y": -4, "z": 3}
    assert [gate.role for gate in traced.gates] == ["distributor", "switcher"]
    assert [gate.output.gradient.item() for gate in traced.gates] == [-4, 1]


@pytest.mark.parametrize("fine", [False, True])
def test_sigmoid_neuron_as_one_gate_and_node_by_node(fine):
    traced = circuit(neuron, fine=fine, **NEURON)
    s = 1 / (1 + math.exp(-1))
    local = s * (1 - s)
    assert traced.value.item() == pytest.approx(s, abs=1e-15)
    expected = {"w0": -local, "x0": 2 * local, "w1": -2 * local, "x1": -3 * local, "w2": local}
    assert gradients(traced) == pytest.approx(expected, abs=1e-15)
    assert [round(g, 2) for g in gradients(traced).values()] == [-0.2, 0.39, -0.39, -0.59, 0.2]
    assert [gate.symbol for gate in traced.gates[4:]] == (["× −1", "exp", "+ 1", "1/x"] if fine else ["σ"])


def test_staged_computation_adds_gradients_at_branches():
    traced = circuit(lambda x, y: (x + torch.sigmoid(y)) / (torch.sigmoid(x) + (x + y) ** 2), x=3, y=-4)
    assert traced.value.item() == pytest.approx(1.5456448841066441, abs=1e-12)
    assert gradients(traced) == pytest.approx({"x": 2.0595697955721652, "y": 1.5922327514838093}, abs=1e-12)
    assert any("x branches 3 ways" in note and "= 2.06" in note for note in traced.notes)


def test_norm_of_a_product_with_arrays():
    traced = circuit(lambda W, x: (W @ x).square().sum(), W=[[0.1, 0.5], [-0.3, 0.8]], x=np.array([0.2, 0.4]))
    assert traced.value.item() == pytest.approx(0.116, abs=1e-12)
    q = traced.gates[0].output
    np.testing.assert_allclose(q.data, [0.22, 0.26], atol=1e-12)
    np.testing.assert_allclose(q.gradient, [0.44, 0.52], atol=1e-12)
    np.testing.assert_allclose(traced.gradients["W"], [[0.088, 0.176], [0.104, 0.208]], atol=1e-12)
    np.testing.assert_allclose(traced.gradients["x"], [-0.112, 0.636], atol=1e-12)


def test_router_gives_everything_to_the_largest():
    traced = circuit(lambda x, y, z, w: 2 * (x * y + torch.maximum(z, w)), x=3, y=-4, z=2, w=-1)
    assert traced.value.item() == -20
    assert gradients(traced) == {"x": -8, "y": 6, "z": 2, "w": 0}
    assert "router" in [gate.role for gate in traced.gates]


@settings(max_examples=40, deadline=None)
@given(texts, st.lists(st.integers(-20, 20), min_size=3, max_size=3))
def test_any_expression_agrees_with_autograd_and_with_itself(text, places):
    f = parse(text)
    leaves = {n: torch.tensor(p / 8, dtype=torch.float64) for n, p in zip(NAMES, places, strict=True)}
    used = {n: leaves[n].requires_grad_() for n in f.__signature__.parameters}
    traced = circuit(f, **{n: leaf.item() for n, leaf in used.items()})
    value = f(**used)
    assert traced.value.item() == value.item()
    if value.grad_fn:
        value.backward()
    for name, leaf in used.items():
        assert traced.gradients[name].item() == pytest.approx(1 if leaf is value else leaf.grad.item(), rel=1e-12)
    for gate in traced.gates:
        for wire in gate.wires:
            assert wire.gradient.item() == pytest.approx((gate.output.gradient * wire.local).item(), rel=1e-12)
    for inside in [*traced.inputs, *(gate.output for gate in traced.gates[:-1])]:
        total = math.fsum(wire.gradient.item() for wire in inside.wires) + (inside is traced.output)
        assert inside.gradient.item() == pytest.approx(total, rel=1e-9, abs=1e-12)


def test_a_module_is_traced_with_its_weights_and_stays_as_it_is():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    images, labels = torch.randn(5, 3), torch.tensor([0, 1, 1, 0, 1])
    traced = circuit(net, images, upstream=0.5)
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert net[0].weight.dtype == torch.float32
    twin = net.double()
    twin(images.double()).backward(torch.full((5, 2), 0.5, dtype=torch.float64))
    for name, weight in twin.named_parameters():
        torch.testing.assert_close(traced.gradients[name], weight.grad)
    assert [gate.name for gate in traced.gates] == ["linear", "batch_norm", "relu", "linear"]
    loss = circuit(F.cross_entropy, input=images, target=labels)
    expected = (images.double().softmax(1) - F.one_hot(labels, 3)) / 5
    torch.testing.assert_close(loss.gradients["input"], expected)
    assert "target" not in loss.gradients


def test_every_part_of_a_split_has_wires_of_its_own():
    traced = circuit(lambda x: x[0] * x[1] + torch.stack(x.unbind()).sum() + x.max(0).values, x=[2.0, 3.0])
    assert gradients(traced) == {"x": [3 + 1, 2 + 1 + 1]}
    assert traced.value.item() == 6 + 5 + 3


def test_where_shows_a_comparison_no_gradient_passes():
    traced = circuit(lambda x: torch.where(x > 0, x, 0.1 * x).sum(), x=[1.0, -2.0])
    assert gradients(traced) == {"x": [1, 0.1]}
    (comparison,) = [gate for gate in traced.gates if gate.name == "gt"]
    assert comparison.output.gradient is None
    assert "no gradient flows through it" in traced.text()


class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        return 2 * x + y

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient, gradient


class WrongShape(Twice):
    @staticmethod
    def backward(ctx, gradient):
        return gradient.new_ones(3), gradient


def test_a_function_of_ones_own_is_one_gate():
    traced = circuit(lambda x, y: Twice.apply(x * y, y) * x, x=3, y=5)
    assert traced.value.item() == 105
    assert gradients(traced) == {"x": 35 + 30, "y": 3 * (2 * 3 + 1)}
    assert [gate.name for gate in traced.gates] == ["mul", "Twice", "mul"]
    with pytest.raises(ValueError, match=r"the backward pass fails: .*shape"):
        circuit(lambda x, y: WrongShape.apply(x, y).sum(), x=[1, 2], y=[3, 4])


def test_a_large_jacobian_is_told_and_never_formed():
    text = circuit(lambda x: torch.relu(x).sum(), torch.ones(100, 4096)).text()
    assert "Jacobian 409,600 × 409,600, 1,250 GiB, diagonal: never formed" in text
    assert "(100, 4,096)" in text


def test_a_stretched_input_gets_the_sum():
    text = circuit(lambda x, b: (x + b).sum(), x=[[1, 2], [3, 4]], b=[1, 2]).text()
    assert "b (2,) was stretched to (2, 2): its gradient is summed" in text
    assert "[2 2] to b" in text


@pytest.mark.parametrize(
    ("f", "inputs", "note"),
    [
        (lambda x, y: max(x, y) * 1, {"x": 1, "y": 2}, "torch.maximum"),
        (lambda x, y: x * math.exp(y), {"x": 1, "y": 2}, r"takes a number out of the circuit"),
        (lambda x: torch.log(x) + 1, {"x": -1}, r"g1 \(log\) is NaN: the first gate"),
        (lambda x: torch.round(x) * 2, {"x": 1.2}, "is flat"),
        (lambda x: torch.maximum(x, 1 * x), {"x": 2}, "tie"),
        (lambda x, y: x * 2, {"x": 2, "y": 3}, "y does not reach the output"),
    ],
)
def test_remarks_on_what_deserves_one(f, inputs, note):
    traced = circuit(f, **inputs)
    assert re.search(note, "\n".join(traced.notes))


def in_place(x):
    x += 1
    return x


def into_a_part(x):
    y = torch.zeros(3)
    y[0] = x
    return y.sum()


@pytest.mark.parametrize(
    ("f", "inputs", "sentence"),
    [
        (lambda x, y: x @ y, {"x": [[1, 2], [3, 4]], "y": [1, 2, 3]}, r"matmul does not fit x \(2, 2\) and y \(3,\)"),
        (lambda x: x, {"x": float("nan")}, "x holds NaN"),
        (lambda x, y: x, {"x": 1}, r"f takes \(x, y\): there is none for 'y'"),
        (lambda x: x, {"x": 1, "q": 2}, "unexpected keyword argument 'q'"),
        (lambda x: 2 * x, {"x": [1, 2]}, r"the output has shape \(2,\)"),
        (lambda x: 2 * x, {"x": [1, 2], "upstream": [1, 2, 3]}, r"the output is \(2,\), upstream \(3,\)"),
        (lambda x: x.argmax(), {"x": [1, 2]}, "no gradient flows"),
        (lambda x: x.detach() * 2, {"x": 1}, "no gradient flows"),
        (lambda x: math.exp(x), {"x": 1}, "returned a float"),
        (lambda x: (x, x), {"x": 1}, "returned a tuple"),
        (lambda x: None, {"x": 1}, "returned nothing"),
        (lambda x: torch.ones(()), {"x": 1}, "does not depend on its inputs"),
        (in_place, {"x": 1}, "overwrites a value"),
        (into_a_part, {"x": 1}, "an assignment to a part"),
        (lambda x: torch.relu(x).backward(), {"x": 1}, "goes backwards by itself"),
        (lambda x: nn.ReLU(inplace=True)(x), {"x": 1}, "relu in place"),
        (lambda x: x, {"x": [[1, 2], [3]]}, "must be a number or an array"),
        (lambda x: x, {"x": "one"}, "at least one input"),
        (lambda x: x, {"x": 1j}, "complex"),
    ],
)
def test_refuses_in_one_sentence(f, inputs, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        circuit(f, **inputs)
    assert "\n" not in str(error.value)


def test_the_module_is_the_function():
    assert visus.circuit(torch.sigmoid, 0.0).value.item() == 0.5
    assert circuit.circuit(torch.sigmoid, 0.0).gradients["x0"].item() == 0.25
    assert "circuit" in dir(visus)


def test_outside_random_numbers_are_left_alone_and_modes_are_closed():
    torch.manual_seed(1)
    wanted = torch.rand(())
    torch.manual_seed(1)
    with pytest.raises(ValueError, match="no gradient"):
        circuit(lambda x: x > 0, x=1)
    assert torch.equal(torch.rand(()), wanted)
    x = torch.ones(2)
    x += 1  # would be refused while something is traced
