"""Layers, whose gradients are torch's own."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visus.layers import dropout, norms

from .. import expressions
from ._given import Answer, Given, fact


@fact("affine_backward_seed231", "temporal_affine_backward_seed231")
def _affine(g: Given) -> Answer:
    # the course's x @ w is torch's linear layer with the weights transposed; pictures are flattened, time is kept
    last = g["w"].shape[0]
    return _back(lambda x, w, b: F.linear(x if x.shape[-1] == last else x.flatten(1), w.T, b), g, "x", "w", "b")


@fact("relu_backward_seed231")
def _relu(g: Given) -> Answer:
    return _back(torch.relu, g, "x")


@fact("conv_backward_seed231")
def _conv(g: Given) -> Answer:
    stride, pad = int(g.params["stride"]), int(g.params["pad"])
    return _back(lambda x, w, b: F.conv2d(x, w, b, stride, pad), g, "x", "w", "b")


@fact("max_pool_backward_seed231", "maxpool_4x4_slide")
def _max_pool(g: Given) -> Answer:
    return _back(lambda x: F.max_pool2d(x, int(g.params["pool"]), int(g.params["stride"])), g, "x")


@fact("batchnorm_backward_seed231")
def _batch_norm(g: Given) -> Answer:
    return _back_through(norms.of_features("batch", g["x"].shape[1]), g)


@fact("layernorm_backward_seed231")
def _layer_norm(g: Given) -> Answer:
    return _back_through(norms.of_features("layer", g["x"].shape[1]), g)


@fact("spatial_batchnorm_backward_seed231")
def _spatial_batch_norm(g: Given) -> Answer:
    return _back_through(nn.BatchNorm2d(g["x"].shape[1]), g)


@fact("groupnorm_backward_seed231")
def _group_norm(g: Given) -> Answer:
    return _back_through(nn.GroupNorm(int(g.params["G"]), g["x"].shape[1]), g)


@fact("dropout_backward_seed123")
def _dropout(g: Given) -> Answer:
    keep = float(g.params["p"])  # the course's p here is the share that is KEPT; torch's is the share that is dropped
    kept = torch.from_numpy(expressions.value(g.params["mask"], {"p": keep})) > 0
    return _back(lambda x: dropout.inverted(x, kept, keep), g, "x")


def _back(layer: Callable[..., Tensor], g: Given, *names: str) -> Answer:
    """The output, and the gradients of `names` when dout comes back."""
    leaves = [g[name].double().clone().requires_grad_() for name in names]
    out = layer(*leaves)
    gradients = torch.autograd.grad(out, leaves, g.param("dout", default=torch.ones_like(out)))
    return {"out": out.detach(), **{f"d{name}": gradient for name, gradient in zip(names, gradients, strict=True)}}


def _back_through(norm: nn.Module | None, g: Given) -> Answer:
    """`_back` through a normalisation, with its scale and shift."""
    assert norm is not None
    norm = norm.double().train()
    norm.eps = float(g.param("eps", default=1e-5))
    with torch.no_grad():
        norm.weight.copy_(g["gamma"].flatten())
        norm.bias.copy_(g["beta"].flatten())
    x = g["x"].clone().requires_grad_()
    out = norm(x)
    dx, dgamma, dbeta = torch.autograd.grad(out, [x, norm.weight, norm.bias], g["dout"])
    shape = g["gamma"].shape
    return {"out": out.detach(), "dx": dx, "dgamma": dgamma.reshape(shape), "dbeta": dbeta.reshape(shape)}
