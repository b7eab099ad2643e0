"""Computational graphs."""

import re

import torch
from torch import Tensor

import visus
from visus.circuit.expression import parse

from ._given import Answer, Given, fact


@fact("circuit_add_mul")
def _add_mul(g: Given) -> Answer:
    return _circuit("(x + y) * z", g)


@fact("circuit_staged")
def _staged(g: Given) -> Answer:
    return _circuit("(x + sigmoid(y)) / (sigmoid(x) + (x + y) ** 2)", g)


@fact("circuit_branching_max_mul")
def _branching(g: Given) -> Answer:
    return _circuit("2 * (x * y + max(z, w))", g)


@fact("circuit_sigmoid_neuron")
def _neuron(g: Given) -> Answer:
    exact = _circuit("sigmoid(w0 * x0 + w1 * x1 + w2)", g)
    return {name: value.round(decimals=2) for name, value in exact.items()}  # the slide's are rounded to two digits


@fact("circuit_vectorised_norm")
def _norm(g: Given) -> Answer:
    W, x = g["W"], g["x"]
    inner = visus.circuit(parse("sum(q ** 2)"), q=W @ x)
    return {"q": W @ x, "dq": inner.gradients["q"], **_circuit("sum((W @ x) ** 2)", g)}


@fact("jacobian_sizes")
def _jacobian(g: Given) -> Answer:
    def side(*shape: int) -> float:
        text = visus.circuit(torch.relu, torch.ones(shape), upstream=torch.ones(shape)).text()
        found = re.search(r"Jacobian ([\d,]+) × ([\d,]+)", text)
        assert found, text
        return float(found[1].replace(",", ""))

    D, batch = int(g.params["D"]), int(g.params["batch"])
    return {"single": side(D), "batched": side(batch, D)}


def _circuit(text: str, g: Given) -> dict[str, Tensor]:
    drawn = visus.circuit(parse(text), **g.inputs)
    return {"f": drawn.value, **{f"d{name}": gradient for name, gradient in drawn.gradients.items()}}
