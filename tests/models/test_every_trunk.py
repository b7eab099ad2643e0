"""Promises every trunk keeps. A new file in `models/trunks` is tested without being mentioned."""

from functools import cache

import pytest
import torch
from torch import nn

from visus.engine import catalogue
from visus.geometry.spaces import Observed
from visus.models import trunks
from visus.models.trunks import dqn_2013, dqn_2015, minatar, mlp

NAMES = catalogue.names(trunks)
every_trunk = pytest.mark.parametrize("name", NAMES)
ATARI = Observed((4, 84, 84), "uint8", stacked=4)
SEEN = {"mlp": Observed((3,))}  # what a trunk is for; a new one is shown Atari's pictures


@cache
def trunk(name):
    torch.manual_seed(0)
    return catalogue.find(trunks, name).build(SEEN.get(name, ATARI))


def seen(name, n=3):
    dice = torch.Generator().manual_seed(0)
    observed = SEEN.get(name, ATARI)
    if observed.dtype == "uint8":
        return torch.randint(0, 256, (n, *observed.shape), generator=dice, dtype=torch.uint8)
    return torch.randn(n, *observed.shape, generator=dice)


@every_trunk
def test_gives_as_many_features_as_it_says(name):
    features = trunk(name)(seen(name))
    assert features.shape == (3, trunk(name).width)
    assert features.isfinite().all()


@every_trunk
def test_sees_each_observation_alone(name):
    with torch.no_grad():
        torch.testing.assert_close(trunk(name)(seen(name))[1:2], trunk(name)(seen(name)[1:2]), rtol=1e-4, atol=1e-6)


@every_trunk
def test_every_parameter_receives_a_gradient(name):
    trunk(name).zero_grad()
    trunk(name)(seen(name, 8)).square().sum().backward()
    assert not [n for n, p in trunk(name).named_parameters() if p.grad is None or not p.grad.abs().sum()]


@every_trunk
def test_sees_in_the_precision_of_its_weights(name):
    wide = catalogue.find(trunks, name).build(SEEN.get(name, ATARI)).double()
    assert wide(seen(name)).dtype == torch.float64


def layers(network):
    return [(m.out_channels, *m.kernel_size[:1], *m.stride[:1]) for m in network.modules() if isinstance(m, nn.Conv2d)]


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def test_dqn_of_2013_is_as_the_paper_says():
    network = dqn_2013.build(ATARI)
    assert layers(network) == [(16, 8, 4), (32, 4, 2)]
    assert parameters(network) == 4 * 64 * 16 + 16 + 16 * 16 * 32 + 32 + 9 * 9 * 32 * 256 + 256


def test_dqn_of_2015_is_as_the_paper_says():
    network = dqn_2015.build(ATARI)
    assert layers(network) == [(32, 8, 4), (64, 4, 2), (64, 3, 1)]
    assert parameters(network) == 4 * 64 * 32 + 32 + 32 * 16 * 64 + 64 + 64 * 9 * 64 + 64 + 7 * 7 * 64 * 512 + 512


def test_bytes_are_brought_to_one():
    network = minatar.build(Observed((1, 10, 10), "uint8"))
    numbers = minatar.build(Observed((1, 10, 10)))
    numbers.load_state_dict(network.state_dict())
    pictures = torch.randint(0, 256, (2, 1, 10, 10), dtype=torch.uint8)
    torch.testing.assert_close(network(pictures), numbers(pictures / 255))


@pytest.mark.parametrize(
    ("build", "shape", "words"),
    [
        (dqn_2013.build, (4, 10, 10), "10 x 10 are too small .* at least 20 x 20; take trunk=minatar or trunk=mlp"),
        (dqn_2015.build, (4, 35, 84), "35 x 84 are too small .* at least 36 x 36"),
        (minatar.build, (4, 2, 2), "at least 3 x 3"),
        (dqn_2015.build, (84,), r"needs pictures \(C, H, W\); got \(84,\): take trunk=mlp"),
        (mlp.build, (4, 84, 84), "4 x 84 x 84 are too large for trunk=mlp.*take trunk=dqn_2015"),
    ],
)
def test_refuses_pictures_that_it_cannot_see(build, shape, words):
    with pytest.raises(ValueError, match=words):
        build(Observed(shape, "uint8"))


def test_refuses_an_mlp_without_layers():
    with pytest.raises(ValueError, match="at least 1 layer and 1 hidden unit; got layers=0, hidden=64"):
        mlp.build(Observed((3,)), layers=0)
