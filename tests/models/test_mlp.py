"""The perceptron's settings: what each adds to the network, and that it adds nothing where it was not asked for."""

from itertools import product

import pytest
import torch
from torch import nn

from visus.layers import activations, initialise
from visus.layers.dropconnect import DropConnectLinear
from visus.layers.dropout import VanillaDropout
from visus.models.classifiers import mlp

IMAGE = (3, 4, 4)


def kinds(**settings):
    return [type(module).__name__ for module in mlp.build(IMAGE, 5, hidden=32, **settings)]


def test_affine_norm_activation_dropout_then_affine():
    hidden = ["Linear", "BatchNorm1d", "Tanh", "Dropout"]
    found = kinds(layers=3, norm="batch", activation="tanh", dropout=0.5)
    assert found == ["Flatten", *hidden, *hidden, "Linear"]
    assert kinds(layers=1, norm="batch", dropout=0.5) == ["Flatten", "Linear"]
    assert kinds(drop="vanilla", dropout=0.5) == ["Flatten", "Linear", "ReLU", "VanillaDropout", "Linear"]
    assert kinds(drop="dropconnect", dropout=0.5) == ["Flatten", "Linear", "ReLU", "DropConnectLinear"]


def test_the_plain_network_is_the_one_it_always_was():
    """Names, order of random draws and values, written down by hand: old runs and populations rely on them."""
    torch.manual_seed(3)
    network = mlp.build(IMAGE, 5, hidden=8, layers=3)
    torch.manual_seed(3)
    layers = [nn.Linear(48, 8), nn.Linear(8, 8), nn.Linear(8, 5)]
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
    nn.init.normal_(layers[-1].weight, std=0.01)
    assert list(network.state_dict()) == [f"{i}.{name}" for i in (1, 4, 7) for name in ("weight", "bias")]
    for name, layer in zip((1, 4, 7), layers, strict=True):
        assert torch.equal(network[name].weight, layer.weight)


@pytest.mark.parametrize(("activation", "norm"), [*product(activations.NAMED, ("none", "batch", "layer", "group"))])
def test_every_combination_learns_something_from_every_weight(activation, norm):
    torch.manual_seed(0)
    network = mlp.build(IMAGE, 5, hidden=32, layers=3, activation=activation, norm=norm)
    scores = network(torch.randn(16, *IMAGE))
    nn.functional.cross_entropy(scores, torch.arange(16) % 5).backward()
    assert scores.shape == (16, 5)
    silent = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 1e-12]
    assert not silent


def test_the_same_weights_serve_all_forms_of_dropout():
    forms = [mlp.build(IMAGE, 5, layers=3, dropout=0.5, drop=drop) for drop in ("inverted", "vanilla")]
    forms[1].load_state_dict(forms[0].state_dict())
    assert isinstance(forms[1][3], VanillaDropout)
    assert isinstance(mlp.build(IMAGE, 5, dropout=0.5, drop="dropconnect")[-1], DropConnectLinear)


def test_units_that_start_alike_stay_alike():
    network, images, labels = mlp.build(IMAGE, 5, init="zero"), torch.randn(20, *IMAGE), torch.arange(20) % 5
    descent = torch.optim.SGD(network.parameters(), lr=0.5)
    for _ in range(5):
        descent.zero_grad()
        nn.functional.cross_entropy(network(images), labels).backward()
        descent.step()
    for weight in (network[1].weight, network[-1].weight.T):
        assert torch.equal(weight, weight[:1].expand_as(weight))


@pytest.mark.parametrize("init", [name for name in initialise.NAMED if name != "zero"])
def test_the_loss_starts_at_ln_k_with_every_start(init):
    torch.manual_seed(0)
    scores = mlp.build(IMAGE, 10, init=init, layers=4)(torch.randn(64, *IMAGE))
    loss = nn.functional.cross_entropy(scores, torch.arange(64) % 10)
    assert float(loss.detach()) == pytest.approx(2.3026, rel=0.05)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"activation": "swish"}, "activation must be one of relu"),
        ({"norm": "instance"}, "norm must be one of none, batch, layer, group; got 'instance'"),
        ({"drop": "half"}, "drop must be one of inverted, vanilla, dropconnect; got 'half'"),
        ({"init": "ones"}, "init must be one of he"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1"),
        ({"layers": 0}, "at least 1 layer and 1 hidden unit; got layers=0"),
    ],
)
def test_refuses_what_it_cannot_be(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        mlp.build(IMAGE, 5, **settings)
