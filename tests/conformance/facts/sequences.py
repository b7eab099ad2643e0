"""Recurrent cells, word vectors, losses over time and a captioner, whose gradients are torch's own.

The course multiplies from the left, x @ Wx, and stacks an LSTM's gates as i, f, o, g: weights are transposed, and
`course_order` exchanges the last two gates, there and back.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from visus.layers.recurrent import Recurrent, course_order, lstm_step, rnn_step
from visus.losses.sequence import temporal_cross_entropy

from ._given import Answer, Given, fact

ORDER: Mapping[str, Callable[[Tensor], Tensor]] = {"rnn": torch.clone, "lstm": course_order}
GATES = {"rnn": 1, "lstm": 4}
NULL = 0  # the course's padding word
SIZES = ((("W", "wordvec_dim"), 30), (("H", "hidden_dim"), 40), (("V", "vocab_size"), 3))  # of its captioner


@fact("rnn_step_forward", "rnn_step_backward_seed231")
def _rnn_step(g: Given) -> Answer:
    x, h, Wx, Wh, b = leaves = _leaves(g["x"], g.param("h", "prev_h"), g["Wx"], g["Wh"], g["b"])
    next_h = rnn_step(x, h, Wx.T, Wh.T, b)
    dx, dh, dWx, dWh, db = _grad([next_h], [g.param("dnext_h", "dout")], leaves)
    return {"next_h": next_h.detach(), "dx": dx, "dh": dh, "dprev_h": dh, "dWx": dWx, "dWh": dWh, "db": db}


@fact("lstm_step_forward", "lstm_step_backward_seed231")
def _lstm_step(g: Given) -> Answer:
    given = g["x"], g.param("prev_h", "h"), g.param("prev_c", "c"), g["Wx"], g["Wh"], g["b"]
    x, h, c, Wx, Wh, b = leaves = _leaves(*given)
    next_h, next_c = lstm_step(x, h, c, course_order(Wx.T), course_order(Wh.T), course_order(b))
    dx, dh, dc, dWx, dWh, db = _grad([next_h, next_c], [g.param("dnext_h"), g.param("dnext_c")], leaves)
    forward = {"next_h": next_h.detach(), "next_c": next_c.detach()}
    return forward | {"dx": dx, "dprev_h": dh, "dh": dh, "dprev_c": dc, "dc": dc, "dWx": dWx, "dWh": dWh, "db": db}


@fact("rnn_forward", "rnn_backward_seed231")
def _rnn(g: Given) -> Answer:
    return _through_time("rnn", g)


@fact("lstm_forward", "lstm_backward_seed231")
def _lstm(g: Given) -> Answer:
    return _through_time("lstm", g)


@fact("word_embedding_forward", "word_embedding_backward_seed231")
def _word_embedding(g: Given) -> Answer:
    (W,) = leaves = _leaves(g["W"])
    out = F.embedding(g["x"].long(), W)
    (dW,) = _grad([out], [g.param("dout")], leaves)
    return {"out": out.detach(), "dW": dW}


@fact("temporal_softmax_loss")
def _temporal_loss(g: Given) -> Answer:
    (x,) = leaves = _leaves(g["x"])
    mask = g.param("mask")
    loss = temporal_cross_entropy(x, g["y"].long(), None if mask is None else mask != 0, per="sequence")
    (dx,) = _grad([loss], [None], leaves)
    return {"loss": loss.detach(), "dx": dx}


@fact("captioning_rnn_loss")
def _captioning_rnn(g: Given) -> Answer:
    return _captioning("rnn", g)


@fact("captioning_lstm_loss")
def _captioning_lstm(g: Given) -> Answer:
    return _captioning("lstm", g)


def _through_time(cell: Literal["rnn", "lstm"], g: Given) -> Answer:
    x, h0 = leaves = _leaves(g["x"], g["h0"])
    layer = _layer(cell, g["Wx"], g["Wh"], g["b"])
    out, _ = layer(x, (h0[:, None], *layer.start(len(x))[1:]))  # the course's cell state starts at 0
    dx, dh0, w_ih, w_hh, b, _ = _grad([out], [g.param("dout", "dh")], [*leaves, *layer.parameters()])
    dWx, dWh, db = ORDER[cell](w_ih).T, ORDER[cell](w_hh).T, ORDER[cell](b)
    return {"h": out.detach(), "out": out.detach(), "dx": dx, "dh0": dh0, "dWx": dWx, "dWh": dWh, "db": db}


def _captioning(cell: Literal["rnn", "lstm"], g: Given) -> Answer:
    """Features through an affine layer become the state that words are read from, each word from those before it."""
    features, captions = g["features"].double(), g["captions"].long()
    sizes = (features.shape[1], *(int(g.param(*names, default=n)) for names, n in SIZES))
    W_proj, b_proj, W_embed, Wx, Wh, b, W_vocab, b_vocab = _parameters(g, cell, *sizes)
    layer = _layer(cell, Wx, Wh, b)
    began = (F.linear(features, W_proj.T, b_proj)[:, None], *layer.start(len(features))[1:])
    out, _ = layer(F.embedding(captions[:, :-1], W_embed), began)
    scores = F.linear(out, W_vocab.T, b_vocab)
    return {"loss": temporal_cross_entropy(scores, captions[:, 1:], ignore=NULL, per="sequence").detach()}


def _parameters(g: Given, cell: str, D: int, W: int, H: int, V: int) -> list[Tensor]:
    gates = GATES[cell] * H
    shapes = {"W_proj": (D, H), "b_proj": (H,), "W_embed": (V, W), "Wx": (W, gates), "Wh": (H, gates), "b": (gates,)}
    shapes |= {"W_vocab": (H, V), "b_vocab": (V,)}
    ramp = {name: torch.linspace(-1.4, 1.3, math.prod(s), dtype=torch.float64).reshape(s) for name, s in shapes.items()}
    return [g.param(name, default=ramp[name]).double() for name in shapes]


def _layer(cell: Literal["rnn", "lstm"], Wx: Tensor, Wh: Tensor, b: Tensor) -> Recurrent:
    layer = Recurrent(cell, len(Wx), len(Wh)).double()
    stacked = [ORDER[cell](value) for value in (Wx.T, Wh.T, b)]
    with torch.no_grad():
        for parameter, value in zip(layer.parameters(), [*stacked, torch.zeros_like(b)], strict=True):
            parameter.copy_(value)  # torch has two biases, the course one
    return layer


def _leaves(*values: Tensor) -> list[Tensor]:
    return [value.double().clone().requires_grad_() for value in values]


def _grad(outputs: Sequence[Tensor], back: Sequence[Tensor | None], leaves: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Gradients of the leaves when `back` comes back; where nothing is given, of the sum of the outputs."""
    given = [torch.ones_like(out) if came is None else came for out, came in zip(outputs, back, strict=True)]
    return torch.autograd.grad(outputs, leaves, given)
