"""Batch normalisation that stays as it was, and what may stand in its place."""

import pytest
import torch
from torch import nn

from visus.layers.frozen_norm import FrozenBatchNorm2d, renormalise


@pytest.fixture
def used():
    """A network whose batch norms have seen something."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 32, 3), nn.BatchNorm2d(32), nn.Sequential(nn.BatchNorm2d(32), nn.ReLU()))
    network(3 * torch.randn(8, 3, 9, 9) + 1)
    nn.init.normal_(network[1].weight)
    return network


def test_it_answers_as_a_batch_norm_in_evaluation_in_either_mode(used):
    images = torch.randn(2, 3, 9, 9)
    expected = used.eval()(images)
    renormalise(used, "frozen")
    torch.testing.assert_close(used.train()(images), expected)
    torch.testing.assert_close(used.eval()(images), expected)
    assert isinstance(used[1], FrozenBatchNorm2d)
    assert not list(used[1].parameters())


def test_it_has_torchvisions_names_and_reads_a_batch_norms_file():
    norm, frozen = nn.BatchNorm2d(4), FrozenBatchNorm2d(4)
    nn.init.normal_(norm.weight)
    frozen.load_state_dict(norm.state_dict())
    assert list(frozen.state_dict()) == ["weight", "bias", "running_mean", "running_var"]
    assert torch.equal(frozen.weight, norm.weight)


def test_groups_look_at_each_picture_alone(used):
    renormalise(used, "group")
    images = torch.randn(4, 3, 9, 9)
    torch.testing.assert_close(used.train()(images)[1:2], used(images[1:2]))


def test_nothing_changes_if_nothing_is_asked_and_another_name_is_refused(used):
    renormalise(used, "batch")
    assert isinstance(used[1], nn.BatchNorm2d)
    with pytest.raises(ValueError, match="norm must be one of batch, frozen, group; got 'layer'"):
        renormalise(used, "layer")
