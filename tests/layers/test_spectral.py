"""Spectral normalisation: the largest singular value is 1; clipping: no weight is beyond its bound."""

import copy

import pytest
import torch
from torch import nn

from visus.layers.bounded import clip_weights
from visus.layers.spectral import SpectralConv2d, SpectralEmbedding, SpectralLinear, begin

LAYERS = {
    "convolution": (lambda: SpectralConv2d(3, 8, 4, 2, 1), lambda: torch.randn(2, 3, 8, 8)),
    "linear": (lambda: SpectralLinear(20, 6), lambda: torch.randn(5, 20)),
    "embedding": (lambda: SpectralEmbedding(4, 9), lambda: torch.tensor([0, 3, 1])),
}
every_layer = pytest.mark.parametrize("name", sorted(LAYERS))


def started(name):
    torch.manual_seed(0)
    layer = LAYERS[name][0]()
    begin(layer)
    return layer


def largest(weight):
    return float(torch.linalg.matrix_norm(weight.detach().flatten(1), 2))


@every_layer
def test_the_largest_singular_value_is_one(name):
    layer, inputs = started(name), LAYERS[name][1]()
    assert largest(layer.weight) != pytest.approx(1, rel=0.05)
    assert largest(layer.normed()) == pytest.approx(1, rel=0.01)
    with torch.no_grad():
        for _ in range(50):
            layer.weight.add_(0.01 * torch.randn_like(layer.weight))  # as training moves it, a step a call
            layer(inputs)
    assert largest(layer.normed()) == pytest.approx(1, rel=0.01)


@every_layer
def test_computes_what_torchs_normalisation_does(name):
    ours, inputs = started(name), LAYERS[name][1]()
    plain = {"convolution": nn.Conv2d(3, 8, 4, 2, 1), "linear": nn.Linear(20, 6), "embedding": nn.Embedding(4, 9)}[name]
    plain.load_state_dict({k: v for k, v in ours.state_dict().items() if k != "u"})
    theirs = nn.utils.parametrizations.spectral_norm(plain, n_power_iterations=200)
    for _ in range(200):
        ours(inputs)
    torch.testing.assert_close(ours.eval()(inputs), theirs.eval()(inputs), rtol=1e-3, atol=1e-4)


def test_the_gradient_is_that_of_the_quotient():
    """At the true singular vectors the slope of sigma by W is u v', as Miyato et al., equation 10, has it."""
    layer = started("linear").double()
    layer.settle(500)
    layer.eval()
    push = torch.randn(6, 20, dtype=torch.float64)
    (found,) = torch.autograd.grad((layer.normed() * push).sum(), layer.weight)
    weight = layer.weight.detach().clone().requires_grad_()
    (expected,) = torch.autograd.grad((weight / torch.linalg.matrix_norm(weight, 2) * push).sum(), weight)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)


@every_layer
def test_two_calls_before_one_gradient_are_allowed(name):
    layer, inputs = started(name), LAYERS[name][1]()
    (layer(inputs).sum() - 2 * layer(inputs).square().sum()).backward()
    assert layer.weight.grad.abs().sum() > 0


@every_layer
def test_is_saved_loaded_and_copied_with_its_vector(name):
    layer, inputs = started(name).eval(), LAYERS[name][1]()
    torch.manual_seed(1)
    twin = LAYERS[name][0]()
    begin(twin)
    twin.load_state_dict(layer.state_dict())
    assert torch.equal(twin.eval()(inputs), layer(inputs))
    assert torch.equal(copy.deepcopy(layer)(inputs), layer(inputs))


@every_layer
def test_evaluation_moves_nothing(name):
    layer = started(name).eval()
    before = layer.u.clone()
    layer(LAYERS[name][1]())
    assert torch.equal(layer.u, before)


def test_clipping_reaches_every_parameter():
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    clip_weights(network, 0.01)
    assert max(float(p.detach().abs().max()) for p in network.parameters()) == pytest.approx(0.01)
    with pytest.raises(ValueError, match=r"positive bound.*got 0"):
        clip_weights(network, 0.0)
