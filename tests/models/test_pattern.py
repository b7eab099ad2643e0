"""INPUT -> [[CONV-RELU]*n -> POOL?]*m -> [FC-RELU]*k -> FC, and sizes that do not come out."""

import itertools

import pytest
import torch
from torch import nn

from visus.models.classifiers import pattern


@pytest.mark.parametrize(("n", "m", "k"), list(itertools.product((1, 3), (1, 2), (0, 2))))
@pytest.mark.parametrize("pool", ["max", "avg", "l2", "stride", "none"])
def test_layers_follow_the_pattern(n, m, k, pool):
    network = pattern.build((3, 8, 12), 5, n=n, m=m, k=k, pool=pool, width=4, fc=6)
    kinds = [type(module).__name__ for module in network.modules() if not list(module.children())]
    pooling = {
        "max": ["MaxPool2d"],
        "avg": ["AvgPool2d"],
        "l2": ["L2Pool"],
        "stride": ["Conv2d", "ReLU"],
        "none": [],
    }
    expected = (["Conv2d", "ReLU"] * n + pooling[pool]) * m + ["Flatten"] + ["Linear", "ReLU"] * k + ["Linear"]
    assert kinds == expected
    assert network(torch.randn(2, 3, 8, 12)).shape == (2, 5)


@pytest.mark.parametrize(
    ("image", "settings", "sentence"),
    [
        ((3, 28, 28), {"m": 3}, r"\(7 - 2 \+ 2\*0\) / 2 \+ 1 = 3.5 is not whole; take sides of 24 or 32 px"),
        ((3, 33, 47), {}, "sides of 32 or 36 px"),
        ((3, 2, 2), {}, "0.5 is below 1.*sides of 4 px"),
        ((3, 8, 8), {"field": 4}, "a field of 5 keeps the size"),
        ((3, 8, 8), {"n": 0}, "n must be at least 1; got 0"),
        ((3, 8, 8), {"k": -1}, "k must be at least 0; got -1"),
    ],
)
def test_what_does_not_come_out_is_refused_with_the_sum(image, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        pattern.build(image, 10, **settings)


def test_without_pooling_any_size_will_do():
    assert pattern.build((1, 7, 5), 3, pool="none")(torch.zeros(1, 1, 7, 5)).shape == (1, 3)


def test_an_unused_hidden_layer_leaves_a_single_linear_one():
    network = pattern.build((3, 8, 8), 3, k=0)
    assert sum(isinstance(module, nn.Linear) for module in network.modules()) == 1
