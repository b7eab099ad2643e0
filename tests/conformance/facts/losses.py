"""Losses, and penalties on weights."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from visus.layers import max_norm
from visus.losses import attributes, penalties
from visus.losses.cross_entropy import cross_entropy
from visus.losses.hinge import multiclass_hinge

from ._given import Answer, Given, fact


@fact("svm_loss_grad_seed231")
def _svm_gradient(g: Given) -> Answer:
    return _with_gradient(multiclass_hinge, g["x"], g["y"])


@fact("softmax_loss_grad_seed231")
def _softmax_gradient(g: Given) -> Answer:
    return _with_gradient(cross_entropy, g["x"], g["y"])


@fact("svm_loss_cat_car_frog", "svm_delta10_example")
def _svm(g: Given) -> Answer:
    delta, scores, labels = float(g.param("delta", default=1.0)), g["scores"], g["y"]
    mean = multiclass_hinge(scores, labels, delta)
    return {"per_example": _each(multiclass_hinge, scores, labels, delta), "mean": mean, "loss": mean}


@fact("softmax_loss_cat")
def _softmax(g: Given) -> Answer:
    loss = cross_entropy(g["scores"], g["y"])  # in nats; base 10 is what a slide prints
    # the slide's probabilities are rounded to two digits
    return {"probs": g["scores"].softmax(1).round(decimals=2), "loss_nats": loss, "loss_log10": loss / np.log(10)}


@fact("svm_vs_softmax_figure")
def _svm_and_softmax(g: Given) -> Answer:
    hinge = multiclass_hinge(g["f"], g["y"], float(g.param("delta", default=1.0)))
    # the figure's cross-entropy is rounded to two digits
    return {"hinge": hinge, "cross_entropy_nats": cross_entropy(g["f"], g["y"]).round(decimals=2)}


@fact("softmax_temperature_effect")
def _temperature(g: Given) -> Answer:
    return {f"p{name}": scores.softmax(1) for name, scores in g.inputs.items()}


@fact("svm_insensitive_softmax_sensitive")
def _insensitive(g: Given) -> Answer:
    rows = [g["s1"], g["s2"]]
    return {
        "svm": [multiclass_hinge(row, g["y"], float(g.param("delta", default=1.0))) for row in rows],
        "softmax": [cross_entropy(row, g["y"]) for row in rows],
    }


@fact("softmax_stability")
def _stability(g: Given) -> Answer:
    f = g["f"]
    losses = {f"loss_y{y}": cross_entropy(f, torch.full((len(f),), y)) for y in range(f.shape[1])}
    return {"p": f.softmax(1), **losses}


@fact("squared_hinge_l2svm")
def _squared_hinge(g: Given) -> Answer:
    return {"loss": multiclass_hinge(g["x"], g["y"], float(g.param("delta", default=1.0)), squared=True)}


@fact("initial_losses")
def _initial(g: Given) -> Answer:
    scores, labels = torch.zeros(1, int(g.params["C"]), dtype=torch.float64), torch.zeros(1, dtype=torch.long)
    return {"softmax": cross_entropy(scores, labels), "svm_delta1": multiclass_hinge(scores, labels, 1.0)}


@fact("attribute_hinge")
def _attribute_hinge(g: Given) -> Answer:
    return _with_gradient(attributes.attribute_hinge, g["f"], g["y"].double(), "df")


@fact("attribute_logistic")
def _attribute_logistic(g: Given) -> Answer:
    return _with_gradient(attributes.attribute_logistic, g["f"], g["y"].double(), "df")


@fact("regularizers")
def _regularizers(g: Given) -> Answer:
    w, lam = g["W"], g.params["lam"]
    return {
        "l2": penalties.l2(w, lam),
        "half_l2": penalties.half_l2(w, lam),
        "l1": penalties.l1(w, lam),
        "elastic_lecture": penalties.elastic_net_mixed(w, lam, g.params["beta"]),
        "elastic_notes": penalties.elastic_net(w, l1=g.params["l1"], l2=g.params["l2"]),
    }


@fact("regularizer_prefers_diffuse")
def _diffuse(g: Given) -> Answer:
    weights = [g["w1"], g["w2"]]
    return {
        "scores": [w @ g["x"] for w in weights],
        "l2": [penalties.l2(w, 1.0) for w in weights],
        "l1": [penalties.l1(w, 1.0) for w in weights],
    }


@fact("max_norm_projection")
def _max_norm(g: Given) -> Answer:
    return {"W": max_norm.project(g["W"], float(g.params["c"]), dim=1)}  # here a column is a neuron; in torch, a row


def _each(loss: Callable[..., Tensor], scores: Tensor, labels: Tensor, *settings: Any) -> list[Tensor]:
    return [loss(scores[i : i + 1], labels[i : i + 1], *settings) for i in range(len(labels))]


def _with_gradient(loss: Callable[..., Tensor], scores: Tensor, truth: Tensor, name: str = "dx") -> Answer:
    scores = scores.clone().requires_grad_()
    value = loss(scores, truth)
    (gradient,) = torch.autograd.grad(value, scores)
    return {"loss": value.detach(), name: gradient}
