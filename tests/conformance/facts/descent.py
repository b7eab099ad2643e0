"""Update rules, schedules and the gradient by its definition."""

import torch
from torch import Tensor

from visus.engine import schedules, update_rules
from visus.engine.numeric_gradient import numeric_gradient

from ._given import Answer, Given, fact


@fact("sgd")
def _sgd(g: Given) -> Answer:
    return {"next_w": update_rules.sgd(g["w"], g["dw"], g.lr)}


@fact("heavy_ball")
def _heavy_ball(g: Given) -> Answer:
    return {"next_w": update_rules.heavy_ball(g["w"], g["w_prev"], g["dw"], g.lr, g.mu)}


@fact("sgd_momentum", "momentum")
def _momentum(g: Given) -> Answer:
    x, v = update_rules.momentum(g["w"], g.param("v", "velocity"), g["dw"], g.lr, g.mu)
    return {"next_w": x, "velocity": v, "v": v}


@fact("nesterov_momentum", "nesterov")
def _nesterov(g: Given) -> Answer:
    x, v = update_rules.nesterov(g["w"], g.param("v", "velocity"), g["dw"], g.lr, g.mu)
    return {"next_w": x, "velocity": v, "v": v}


@fact("nesterov_equivalence")
def _nesterov_equivalence(g: Given) -> Answer:
    x, curvature = g["x0"], torch.arange(1, len(g["x0"]) + 1, dtype=torch.float64)
    v = torch.zeros_like(x)
    for _ in range(g.params["steps"]):
        x, v = update_rules.nesterov_look_ahead(x, v, lambda place: curvature * place, g.lr, g.mu)
    return {"x_tilde": x + g.mu * v}


@fact("adagrad")
def _adagrad(g: Given) -> Answer:
    x, cache = update_rules.adagrad(g["w"], g["cache"], g["dw"], g.lr, g.param("epsilon", "eps", default=1e-7))
    return {"next_w": x, "cache": cache}


@fact("rmsprop")
def _rmsprop(g: Given) -> Answer:
    decay, eps = g.param("decay_rate", "decay", default=0.99), g.param("epsilon", "eps", default=1e-8)
    x, cache = update_rules.rmsprop(g["w"], g["cache"], g["dw"], g.lr, decay, eps)
    return {"next_w": x, "cache": cache}


@fact("adam", "adam_full")
def _adam(g: Given) -> Answer:
    # Visus's t is the number of this step, from 1; the assignment's t is the number of steps made before it.
    m, s = g.param("m", "first_moment"), g.param("v", "second_moment")
    t = int(g.param("t_used", "step", default=int(g.param("t", default=0)) + 1))
    betas = (g.param("beta1", default=0.9), g.param("beta2", default=0.999))
    x, m, s = update_rules.adam(g["w"], m, s, g["dw"], g.lr, t, *betas, g.param("epsilon", "eps", default=1e-8))
    return {"next_w": x, "m": m, "v": s, "first_moment": m, "second_moment": s, "t": t}


@fact("adam_almost", "adam_without_correction")
def _adam_without_correction(g: Given) -> Answer:
    m, s = g.param("m", "first_moment"), g.param("v", "second_moment")
    betas = (g.param("beta1", default=0.9), g.param("beta2", default=0.999))
    eps = g.param("epsilon", "eps", default=1e-8)
    x, m, s = update_rules.adam_without_correction(g["w"], m, s, g["dw"], g.lr, *betas, eps)
    return {"next_w": x, "m": m, "v": s, "first_moment": m, "second_moment": s}


@fact("lr_schedules")
def _lr_schedules(g: Given) -> Answer:
    lr, times, stairs = g.params["lr0"], g.params["t"], g.params["step"]
    shapes = {
        "exponential": schedules.exponential(g.params["k"]),
        "one_over_t": schedules.inverse(g.params["k"]),
        "step": schedules.step_decay(stairs["every"], stairs["factor"]),
    }
    return {name: [lr * factor(t) for t in times] for name, factor in shapes.items()}


@fact("numeric_gradient_slide")
def _numeric_gradient(g: Given) -> Answer:
    moved = [value for name, value in sorted(g.params.items()) if name.startswith("L_plus_dim")]

    def loss(x: Tensor) -> float:
        return moved[int(x.argmax())] if x.any() else g.params["L0"]

    return {"grad": numeric_gradient(loss, torch.zeros(len(moved)), g.params["h"], centred=False)}
