"""Promises every segmenter keeps. A new file in `models/segmenters` is tested without being mentioned."""

import copy
import gzip
import inspect
import json
import math
from functools import cache
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from visus.engine import catalogue
from visus.models import segmenters
from visus.models.backbone import backbone
from visus.models.segmenters import fcn, fcn_resnet50, full_resolution, segnet, sliding_window, unet
from visus.models.segmenters._fitting import fitted

NAMES = catalogue.names(segmenters)
every_segmenter = pytest.mark.parametrize("name", NAMES)
K, IMAGE = 5, (3, 32, 48)
SMALL = {  # settings that make a segmenter fast; a new one is tested as it is
    "unet": {"width": 4},
    "segnet": {"width": 4, "depth": 3},
    "full_resolution": {"width": 4, "depth": 2},
    "sliding_window": {"width": 4, "depth": 2},
}


def fresh(name, **settings):
    torch.manual_seed(0)
    build = catalogue.find(segmenters, name).build
    given = {**SMALL.get(name, {}), **settings}
    if "backbone" in inspect.signature(build).parameters:
        given.setdefault("backbone", backbone("compact:width=4:layout=imagenet", IMAGE))
    return build(IMAGE, K, **given)


@cache
def network(name):
    return fresh(name).eval()


def looked_at(n=2, height=32, width=48):
    return torch.randn(n, 3, height, width, generator=torch.Generator().manual_seed(1))


@every_segmenter
@pytest.mark.parametrize("size", [(32, 48), (45, 37), (33, 64)], ids=str)
def test_scores_every_class_at_every_pixel(name, size):
    with torch.no_grad():
        assert network(name)(looked_at(2, *size)).shape == (2, K, *size)


@every_segmenter
def test_scores_each_picture_alone(name):
    images = looked_at(3)
    with torch.no_grad():
        torch.testing.assert_close(network(name)(images)[1:2], network(name)(images[1:2]), rtol=1e-4, atol=1e-5)


@every_segmenter
def test_starts_without_a_favourite(name):
    labels = torch.arange(2 * 32 * 48).view(2, 32, 48) % K
    loss = F.cross_entropy(fresh(name).train()(looked_at()), labels).detach()
    assert loss == pytest.approx(math.log(K), rel=0.1)


@every_segmenter
def test_every_parameter_receives_a_gradient(name):
    model = fresh(name).train()
    model(looked_at(4)).square().sum().backward()
    learning = {n: p for n, p in model.named_parameters() if p.requires_grad}
    assert learning
    assert not [n for n, p in learning.items() if p.grad is None or not p.grad.abs().sum()]


@every_segmenter
def test_state_and_copies_answer_alike(name):
    images, twin = looked_at(), fresh(name)
    torch.nn.init.ones_(next(twin.parameters()))
    twin.load_state_dict(network(name).state_dict())
    with torch.no_grad():
        expected = network(name)(images)
        assert torch.equal(twin.eval()(images), expected)
        assert torch.equal(copy.deepcopy(network(name))(images), expected)


@every_segmenter
def test_bfloat16_leaves_the_answer_nearly_as_it_is(name):
    images = looked_at()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        rough = network(name)(images).float()
    with torch.no_grad():
        exact = network(name)(images)
    assert (rough - exact).norm() <= 0.15 * exact.norm()  # a place that max-pooling remembers may be another


def test_all_windows_at_once_are_every_window_by_itself():
    whole = full_resolution.build(IMAGE, K, width=8, depth=3)
    whole.train()(looked_at(4))  # so that normalisation has seen something
    one_by_one = sliding_window.build(IMAGE, K, width=8, depth=3)
    one_by_one.load_state_dict(whole.state_dict())
    images = looked_at(2, 9, 14)
    with torch.no_grad():
        torch.testing.assert_close(one_by_one.eval()(images), whole.eval()(images), rtol=1e-4, atol=1e-5)


def test_a_shifted_picture_has_a_shifted_answer_at_full_resolution():
    model, images = network("full_resolution"), looked_at(1)
    with torch.no_grad():
        moved = model(images.roll((3, 5), (2, 3)))[:, :, 8:-8, 8:-8]
        torch.testing.assert_close(moved, model(images).roll((3, 5), (2, 3))[:, :, 8:-8, 8:-8], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("stride", [32, 16, 8, 2])
def test_fcn_adds_the_scores_of_finer_maps(stride):
    torch.manual_seed(0)
    trunk = backbone("compact:width=4:layout=imagenet", (3, 64, 96))
    model = fcn.build((3, 64, 96), K, trunk, stride=stride).eval()
    assert model.strides == [s for s in (32, 16, 8, 4, 2) if s >= stride]
    images = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        maps = trunk(images)
        expected = model.scores[0](maps[32])
        for score, own in zip(model.scores[1:], model.strides[1:], strict=True):  # transposed starts as bilinear
            expected = F.interpolate(expected, scale_factor=2, mode="bilinear") + score(maps[own])
        expected = F.interpolate(expected, scale_factor=stride, mode="bilinear")
        found = model(images)
    inside = slice(stride, -stride) if stride < 32 else slice(24, -24)  # beyond the border are zeros, not its values
    torch.testing.assert_close(
        found[:, :, inside, inside].mean((2, 3)), expected[:, :, inside, inside].mean((2, 3)), rtol=0.1, atol=0.02
    )


def test_fcn_names_the_strides_there_are():
    with pytest.raises(ValueError, match=r"stride must be one of 2, 4, 8, 16, 32, .*; got 12"):
        fresh("fcn", stride=12)


def test_unets_way_down_is_its_own_or_a_backbones():
    own, behind = unet.build(IMAGE, K, width=4, depth=3), fresh("unet")
    assert own.strides == [8, 4, 2, 1]
    assert behind.strides == [32, 16, 8, 4, 2]
    with pytest.raises(ValueError, match="width and depth must be at least 1"):
        unet.build(IMAGE, K, depth=0)


def test_segnet_puts_values_back_where_they_were():
    """With identity for its convolutions, a bright pixel comes back to its place through all levels."""
    model = segnet.build(IMAGE, K, width=4, depth=2).eval()
    model.down, model.up = (torch.nn.ModuleList([torch.nn.Identity()] * 2) for _ in range(2))
    model.scores = torch.nn.Identity()
    image = torch.zeros(1, 3, 8, 8)
    image[0, 0, 5, 2] = 1
    assert torch.equal(model(image)[0, 0], image[0, 0])
    with pytest.raises(ValueError, match="needs pictures of at least 64 pixels a side and these are 32 x 48"):
        segnet.build(IMAGE, K, depth=6)


def test_dilated_resnet_has_torchvisions_names_and_shapes_and_stride_8():
    file = Path(__file__).parent / "data" / "torchvision_state_dicts.json.gz"
    trunk = json.loads(gzip.decompress(file.read_bytes()))["resnet50"]
    expected = {f"backbone.{name}": shape for name, shape in trunk.items() if not name.startswith("fc.")}
    for head, n_in in (("classifier", 2048), ("aux_classifier", 1024)):
        expected |= {f"{head}.0.weight": [n_in // 4, n_in, 3, 3], f"{head}.1.num_batches_tracked": []}
        expected |= {f"{head}.1.{n}": [n_in // 4] for n in ("weight", "bias", "running_mean", "running_var")}
        expected |= {f"{head}.4.weight": [21, n_in // 4, 1, 1], f"{head}.4.bias": [21]}
    with torch.device("meta"):
        model = fcn_resnet50.build((3, 64, 64), 21, auxiliary=True)
    assert {name: list(tensor.shape) for name, tensor in model.state_dict().items()} == expected
    assert {p.stride for p in model.backbone.layer4.modules() if isinstance(p, torch.nn.Conv2d)} == {(1, 1)}
    assert model.backbone.layer4[1].conv2.dilation == (4, 4)


@pytest.mark.parametrize("size", [(5, 7), (4, 9), (8, 6), (3, 3)], ids=str)
def test_maps_are_fitted_around_their_middle(size):
    maps = torch.arange(30.0).view(1, 1, 5, 6)
    found = fitted(maps, size)
    assert found.shape[2:] == size
    assert (found == maps[0, 0, 2, 3]).any()


def test_one_learns_a_picture_by_heart():
    torch.manual_seed(0)
    model = unet.build(IMAGE, 2, width=4, depth=2).train()
    image = looked_at(2)
    labels = (F.avg_pool2d(image[:, 0], 5, 1, 2) > 0).long()
    descent = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(50):
        loss = F.cross_entropy(model(image), labels)
        descent.zero_grad()
        loss.backward()
        descent.step()
    assert (model(image).argmax(1) == labels).float().mean() > 0.9
