"""What a classifier sees on its way to the scores: a promise for every convolutional one, and what is refused."""

import copy
import json
from functools import partial

import pytest
import safetensors.torch
import torch

from visus.engine import catalogue
from visus.models import classifiers
from visus.models.backbone import backbone, cut, maps, resolved, standardisation
from visus.models.classifiers import compact, resnet18

IMAGE = (3, 128, 160)
FAMILIES = [n for n in catalogue.names(classifiers) if not isinstance(catalogue.find(classifiers, n).build, partial)]
BLIND = {"encoder", "knn", "linear", "mlp", "recurrent_attention", "rows"}  # see rows of numbers, or glimpses
SEEING = sorted(set(FAMILIES) - BLIND)


@pytest.mark.parametrize("name", SEEING)
def test_every_convolutional_classifier_gives_a_map_for_each_halving(name):
    with torch.device("meta"):
        trunk = backbone(name, IMAGE)
        found = trunk.eval()(torch.empty(2, *IMAGE))
    assert list(found) == sorted(found) == list(trunk.channels)
    assert len(found) >= 3
    for stride, features in found.items():
        assert features.shape[:2] == (2, trunk.channels[stride])
        for side, whole in zip(features.shape[2:], IMAGE[1:], strict=True):
            assert 2**-0.5 <= side * stride / whole <= 2**0.5  # windows without padding lose a few pixels


@pytest.mark.parametrize("name", SEEING)
def test_nothing_is_left_behind_the_last_map(name):
    """What stood there would learn nothing, and would want pictures of one size."""
    with torch.device("meta"):
        trunk = backbone(name, IMAGE)
        last = trunk.train()(torch.empty(2, 3, 160, 128))
        sum(features.sum() for features in last.values()).backward()
    assert not [name for name, weights in trunk.named_parameters() if weights.grad is None]


@pytest.mark.parametrize("name", sorted(BLIND & set(FAMILIES)))
def test_what_sees_rows_of_numbers_is_refused_with_a_proposal(name):
    with pytest.raises(ValueError, match=r"take .*resnet18"):
        backbone(name, (3, 32, 32))


def test_the_maps_are_those_that_the_classifier_makes():
    torch.manual_seed(0)
    network = resnet18.build(IMAGE, 10).eval()
    images = torch.randn(1, *IMAGE)
    twin = copy.deepcopy(network)
    found = backbone("resnet18", IMAGE)
    found.network.load_state_dict({k: v for k, v in twin.state_dict().items() if not k.startswith("fc.")})
    x = twin.maxpool(twin.relu(twin.bn1(twin.conv1(images))))
    expected = twin.layer2(twin.layer1(x))
    torch.testing.assert_close(found.eval()(images)[8], expected)


def test_a_deep_copy_and_a_larger_picture_are_no_trouble():
    trunk = backbone("compact", IMAGE).eval()
    twin, images = copy.deepcopy(trunk), torch.randn(1, 3, 250, 190)
    for stride, features in trunk(images).items():
        assert torch.equal(twin(images)[stride], features)


def test_the_deepest_stride_is_the_last_and_costs_nothing_beyond():
    whole, part = backbone("compact", IMAGE), backbone("compact", IMAGE, deepest=8)
    assert list(part.channels) == [2, 4, 8]
    assert sum(p.numel() for p in part.parameters()) < 0.2 * sum(p.numel() for p in whole.parameters())


def test_frozen_and_group_norms_do_not_look_at_other_pictures():
    images = torch.randn(3, *IMAGE)
    for norm in ("frozen", "group"):
        trunk = backbone("compact", IMAGE, norm=norm, deepest=4).train()
        torch.testing.assert_close(trunk(images)[4][:1], trunk(images[:1])[4], rtol=1e-4, atol=1e-5)


def test_weights_of_a_file_come_into_it_with_their_architecture(tmp_path):
    torch.manual_seed(1)
    network = compact.build(IMAGE, 5, width=8)
    path = tmp_path / "mine.safetensors"
    before = {"standardise.mean": torch.full((1, 3, 1, 1), 0.4), "standardise.std": torch.full((1, 3, 1, 1), 0.2)}
    safetensors.torch.save_file({f"network.{k}": v for k, v in network.state_dict().items()} | before, path)
    facts = {"model": "compact", "settings": {"width": 8}, "image": list(IMAGE), "classes": ["a"] * 5}
    path.with_suffix(".json").write_text(json.dumps(facts), encoding="utf-8")
    trunk = backbone("", IMAGE, str(path))
    assert trunk.facts == {"model": "compact", "settings": {"width": 8}}
    assert torch.equal(trunk.network.layer1[0].conv1.weight, network.layer1[0].conv1.weight)
    mean, std = standardisation(str(path))
    assert mean == pytest.approx([0.4] * 3)
    assert std == pytest.approx([0.2] * 3)
    with pytest.raises(ValueError, match="holds a compact, not a resnet18; leave"):
        backbone("resnet18", IMAGE, str(path))


def test_shipped_weights_and_their_pixels_come_along():
    trunk = backbone("", IMAGE, "visus-small")
    assert trunk.facts["model"] == "whitened_conv"
    assert standardisation("visus-small")[0] != [0, 0, 0]
    assert standardisation("") is None


def test_published_weights_decide_the_layout():
    assert resolved("", "imagenet") == ("resnet18", {"layout": "imagenet"})
    assert standardisation("imagenet")[0] == [0.485, 0.456, 0.406]


def test_a_name_may_bring_settings_along():
    trunk = backbone("resnet:depth=34:layout=small:plain=yes", (3, 64, 64))
    assert trunk.facts["settings"] == {"depth": 34, "layout": "small", "plain": True}
    assert min(trunk.channels) == 1
    with pytest.raises(ValueError, match="'dept' is no setting of backbone=resnet; it has depth"):
        backbone("resnet:dept=34", (3, 64, 64))
    with pytest.raises(ValueError, match="depth of backbone=resnet is int"):
        backbone("resnet:depth=deep", (3, 64, 64))
    with pytest.raises(LookupError, match="Did you mean 'resnet18'"):
        backbone("resnt18", (3, 64, 64))


def test_a_network_of_ones_own_is_cut_in_place():
    network = torch.nn.Sequential(
        *(torch.nn.Conv2d(3, 4, 3, 2, 1), torch.nn.ReLU(), torch.nn.Conv2d(4, 8, 3, 2, 1), torch.nn.ReLU()),
        *(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(8, 3)),
    )
    layers, channels = cut(network, (3, 64, 64))
    assert channels == {2: 4, 4: 8}
    assert not any(isinstance(module, torch.nn.Linear) for module in network.modules())
    assert maps(network, layers, torch.randn(1, 3, 80, 40))[4].shape == (1, 8, 20, 10)
