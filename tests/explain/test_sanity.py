"""Maps that ignore the network are found out by shuffling its weights."""

import copy
import math

import pytest
import torch
from scipy.stats import spearmanr

from visus.explain import saliency
from visus.explain._sanity import agreement, cascade, shuffled

from .networks import network, pictures


def test_the_correlation_is_that_of_scipy():
    one, other = (torch.rand((2, 9, 9), generator=torch.Generator().manual_seed(i)) for i in (0, 1))
    other += one
    expected = [spearmanr(a.flatten(), b.flatten()).statistic for a, b in zip(one, other, strict=True)]
    assert agreement(one, -other) == pytest.approx(sum(expected) / 2)
    assert agreement(one, one) == pytest.approx(1)
    assert math.isnan(agreement(one, torch.ones_like(one)))


def test_an_edge_detector_passes_for_an_explanation_only_without_this_check():
    def edges(network, images, targets):
        return images.mean(1).diff(dim=2, prepend=images.mean(1)[..., :1])

    assert [share for _, share in cascade(network(), edges, *pictures())] == pytest.approx([1, 1, 1, 1])


def test_saliency_changes_more_and_more_and_the_network_not_at_all():
    model, (images, targets) = network(), pictures()
    before = copy.deepcopy(model.state_dict())
    found = cascade(model, saliency.explain, images, targets)
    assert [name for name, _ in found] == ["decide.3", "decide.1", "see.3", "see.0"]
    assert found[-1][1] < 0.5
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert [name for name, _ in cascade(model, saliency.explain, images, targets, stages=2)] == ["decide.1", "see.0"]


def test_shuffling_keeps_the_values_and_loses_their_places():
    model = network()
    for name, forgetful in shuffled(model, ["decide.3"]):
        now, then = forgetful.get_submodule(name).weight, model.get_submodule(name).weight
        assert not torch.equal(now, then)
        assert torch.equal(now.flatten().sort().values, then.flatten().sort().values)
        assert torch.equal(forgetful.see[0].weight, model.see[0].weight)
