"""Architectures against their papers, against torchvision's list of names, and against what blocks promise."""

import gzip
import json
import math
from pathlib import Path

import pytest
import torch
from torch import nn

from visus.engine import anatomy, catalogue
from visus.models import classifiers
from visus.models.classifiers import alexnet_two_groups, cifar_resnet, googlenet, resnet, vgg

PUBLISHED = json.loads(
    gzip.decompress((Path(__file__).parent / "data" / "torchvision_state_dicts.json.gz").read_bytes())
)


def on_paper(name, image=(3, 224, 224), n_classes=1000, **settings):
    """The network without its numbers: names and shapes only."""
    with torch.device("meta"):
        return catalogue.find(classifiers, name).build(image, n_classes, **settings).eval()


def count(network):
    return sum(p.numel() for p in network.parameters())


def shapes(network, image, *names):
    found = anatomy.outputs(network, torch.empty(1, *image, device="meta"), names)
    return [tuple(found[name].shape[1:]) for name in names]


@pytest.mark.parametrize("name", PUBLISHED)
def test_names_and_shapes_are_those_of_published_weights(name):
    """Facts: torchvision 0.28."""
    network = on_paper(name, **{"auxiliary": True} if name == "googlenet" else {})
    assert {key: list(tensor.shape) for key, tensor in network.state_dict().items()} == PUBLISHED[name]


@pytest.mark.parametrize(
    ("name", "image", "n_classes", "settings", "n"),
    [
        ("lenet5", (1, 32, 32), 10, {}, 61_706),
        ("lenet5", (1, 28, 28), 10, {}, 61_706),
        ("alexnet_two_groups", (3, 227, 227), 1000, {}, 60_965_224),
        ("alexnet_two_groups", (3, 227, 227), 1000, {"groups": 1}, 62_378_344),
        ("googlenet", (3, 224, 224), 1000, {}, 6_624_904),
        ("nin", (3, 32, 32), 10, {}, 966_986),
        ("cifar_resnet20", (3, 32, 32), 10, {}, 269_722),  # the paper's table 6: 0.27, 0.46, 0.66, 0.85, 1.7 million
        ("cifar_resnet32", (3, 32, 32), 10, {}, 464_154),
        ("cifar_resnet44", (3, 32, 32), 10, {}, 658_586),
        ("cifar_resnet56", (3, 32, 32), 10, {}, 853_018),
        ("cifar_resnet110", (3, 32, 32), 10, {}, 1_727_962),
        ("vgg13_bn", (3, 224, 224), 1000, {}, 133_053_736),
        (
            "preact_resnet18",
            (3, 32, 32),
            10,
            {},
            11_172_170,
        ),  # its usual 11,171,146, and a batch norm before the average
    ],
)
def test_has_as_many_parameters_as_its_paper_says(name, image, n_classes, settings, n):
    assert count(on_paper(name, image, n_classes, **settings)) == n


@pytest.mark.parametrize(
    ("name", "image", "names", "expected"),
    [
        (
            "alexnet",
            (3, 224, 224),
            ("features.2", "features.5", "features.12"),
            [(64, 27, 27), (192, 13, 13), (256, 6, 6)],
        ),
        ("alexnet_two_groups", (3, 227, 227), ("features.0", "features.4"), [(96, 55, 55), (256, 27, 27)]),
        (
            "zfnet",
            (3, 224, 224),
            ("features.0", "features.2", "features.4"),
            [(96, 110, 110), (96, 55, 55), (256, 26, 26)],
        ),
        ("vgg16", (3, 224, 224), ("features.30",), [(512, 7, 7)]),
        ("vgg16", (3, 28, 28), ("features.30",), [(512, 1, 1)]),
        (
            "googlenet",
            (3, 224, 224),
            ("maxpool1", "maxpool2", "inception3b"),
            [(64, 56, 56), (192, 28, 28), (480, 28, 28)],
        ),
        (
            "googlenet",
            (3, 224, 224),
            ("inception4a", "maxpool4", "inception5b"),
            [(512, 14, 14), (832, 7, 7), (1024, 7, 7)],
        ),
        ("squeezenet1_0", (3, 224, 224), ("features.2", "features.12"), [(96, 54, 54), (512, 13, 13)]),
        ("squeezenet1_1", (3, 224, 224), ("features.2", "features.12"), [(64, 55, 55), (512, 13, 13)]),
        ("resnet50", (3, 224, 224), ("maxpool", "layer1", "layer4"), [(64, 56, 56), (256, 56, 56), (2048, 7, 7)]),
        ("densenet121", (3, 224, 224), ("features.pool0", "features.norm5"), [(64, 56, 56), (1024, 7, 7)]),
        ("cifar_resnet20", (3, 32, 32), ("layer1", "layer2", "layer3"), [(16, 32, 32), (32, 16, 16), (64, 8, 8)]),
        ("nin", (3, 224, 224), ("features.0", "features.7"), [(96, 54, 54), (1024, 5, 5)]),
    ],
)
def test_maps_have_the_sizes_of_the_paper(name, image, names, expected):
    assert shapes(on_paper(name, image), image, *names) == expected


def test_local_response_normalisation_is_that_of_the_paper():
    """b_i = a_i / (k + alpha * sum of a_j^2 over the n = 5 nearest maps) ** beta, with alpha not divided by n."""
    a = torch.randn(1, 8, 1, 1)
    found = alexnet_two_groups.normalised()(a).flatten()
    for i in range(8):
        nearby = a.flatten()[max(0, i - 2) : i + 3]
        assert found[i] == pytest.approx(float(a[0, i] / (2 + 1e-4 * nearby.square().sum()) ** 0.75), rel=1e-6)


def test_a_group_of_maps_sees_nothing_of_the_other():
    torch.manual_seed(0)
    network = alexnet_two_groups.build((3, 67, 67), 2).features
    maps = torch.randn(1, 96, 7, 7)
    other = maps.clone()
    other[:, 48:] = 0
    same = network[4](maps) == network[4](other)
    assert same[:, :128].all()
    assert not same[:, 128:].any()


def test_padding_shortcuts_hand_on_what_they_were_given():
    """Where the two convolutions say nothing, H(x) is x: every second pixel, and maps of zeros beside."""
    block = cifar_resnet.Block(4, 8, 2, "pad")
    nn.init.zeros_(block.bn2.weight)
    x = torch.rand(2, 4, 6, 6)
    assert torch.equal(block(x), torch.cat([x[:, :, ::2, ::2], torch.zeros(2, 4, 3, 3)], 1))


def test_a_plain_block_hands_on_nothing_but_what_it_computed():
    block = cifar_resnet.Block(4, 4, 1, "none")
    nn.init.zeros_(block.bn2.weight)
    assert not block(torch.rand(2, 4, 6, 6)).any()


def test_pre_activation_leaves_the_way_around_untouched():
    block = resnet.PreActivationBlock(4, 4, 1, plain=False)
    nn.init.zeros_(block.conv2.weight)
    x = torch.randn(2, 4, 6, 6)  # negative values too: no ReLU stands on the way
    assert torch.equal(block(x), x)


@pytest.mark.parametrize("pre_activation", [False, True])
@pytest.mark.parametrize("depth", [18, 50])
def test_plain_and_residual_nets_differ_by_projections_only(depth, pre_activation):
    plain = on_paper("resnet", depth=depth, plain=True, pre_activation=pre_activation).state_dict()
    residual = on_paper("resnet", depth=depth, pre_activation=pre_activation).state_dict()
    assert plain.keys() < residual.keys()
    assert all("downsample" in name for name in residual.keys() - plain.keys())


def test_wider_nets_have_more_maps():
    assert on_paper("cifar_resnet", (3, 32, 32), 10, depth=14, width=4).layer3[1].conv2.weight.shape == (256, 256, 3, 3)
    assert on_paper("resnet", depth=18, width=2).layer4[1].conv2.weight.shape == (1024, 1024, 3, 3)


def test_auxiliary_classifiers_do_not_change_what_a_call_means():
    torch.manual_seed(0)
    network = googlenet.build((3, 16, 16), 5, auxiliary=True).eval()
    images = torch.randn(2, 3, 16, 16)
    main, first, second = network.auxiliary_scores(images)
    assert torch.equal(network(images), main)
    assert network.train()(images).shape == main.shape == first.shape == second.shape == (2, 5)
    assert not any(module._forward_hooks for module in network.modules())


def test_auxiliary_classifiers_pull_where_they_stand():
    """Their gradient reaches the modules below them, and none above."""
    network = googlenet.build((3, 16, 16), 5, auxiliary=True)
    network.auxiliary_scores(torch.randn(2, 3, 16, 16))[1].sum().backward()
    assert network.inception4a.branch1.conv.weight.grad is not None
    assert network.inception4b.branch1.conv.weight.grad is None


def test_transformed_input_is_what_google_standardised():
    pixels = torch.rand(2, 3, 4, 4)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in googlenet.IMAGENET)
    torch.testing.assert_close(googlenet.from_minus_1_to_1((pixels - mean) / std), 2 * pixels - 1)


def test_a_small_vgg_keeps_the_indices_of_the_large_one():
    """So the convolutions of one can be filled from the other."""
    small, large = (on_paper("vgg16", (3, side, side)).state_dict() for side in (16, 224))
    assert [k for k in small if k.startswith("features")] == [k for k in large if k.startswith("features")]


def test_he_keeps_the_signal_through_all_layers():
    torch.manual_seed(0)
    network = vgg.build((3, 32, 32), 2, depth=19).eval()
    features = network.features(torch.randn(4, 3, 32, 32)).detach()
    assert 0.1 < float(features.square().mean().sqrt()) < 10


def test_layout_can_be_asked_for():
    assert on_paper("resnet18", (3, 64, 64)).conv1.kernel_size == (3, 3)
    assert on_paper("resnet18", (3, 64, 64), layout="imagenet").conv1.kernel_size == (7, 7)
    assert on_paper("resnet18", layout="small").conv1.kernel_size == (3, 3)


@pytest.mark.parametrize(
    ("name", "image", "settings", "sentence"),
    [
        (
            "vgg16",
            (3, 8, 8),
            {},
            "vgg needs pictures of at least 16 x 16 pixels and these are 8 x 8; set size=16, or model=sm",
        ),
        ("vgg16", (3, 24, 90), {"layout": "imagenet"}, "at least 32 x 32 pixels and these are 24 x 90"),
        ("zfnet", (3, 32, 32), {}, "zfnet needs pictures of at least 53 x 53"),
        ("squeezenet1_1", (3, 16, 16), {"layout": "imagenet"}, "at least 17 x 17"),
        ("resnet", (3, 32, 32), {"depth": 20}, "depth must be one of 18, 34, 50, 101, 152; got 20"),
        ("resnet", (3, 32, 32), {"width": 0}, "width must be at least 1; got 0"),
        ("resnet", (3, 32, 32), {"layout": "big"}, "layout must be one of auto, imagenet, small; got 'big'"),
        ("cifar_resnet", (3, 32, 32), {"depth": 51}, "depth must be 6 n . 2, such as .*; got 51, and 50 is nearest"),
        ("cifar_resnet", (3, 32, 32), {"depth": 18}, "got 18, and 20 is nearest"),
        ("cifar_resnet", (3, 32, 32), {"shortcut": "zero"}, "shortcut must be one of none, pad, project; got 'zero'"),
        ("vgg", (3, 32, 32), {"depth": 12}, "depth must be one of 11, 13, 16, 19; got 12"),
        ("squeezenet", (3, 32, 32), {"version": "2"}, "version must be one of 1_0, 1_1; got '2'"),
        ("densenet", (3, 32, 32), {"depth": 120}, "depth must be one of 121, 169, 201; got 120"),
        ("alexnet_two_groups", (3, 227, 227), {"groups": 3}, "groups must be one of 1, 2; got 3"),
        ("lenet5", (3, 32, 32), {"pool": "min"}, "pool must be one of average, max; got 'min'"),
        ("googlenet", (1, 32, 32), {"transform_input": True}, "3 channels; these have 1"),
    ],
)
def test_refuses_what_it_cannot_be(name, image, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        catalogue.find(classifiers, name).build(image, 10, **settings)


@pytest.mark.parametrize("name", ["alexnet", "vgg", "googlenet", "squeezenet", "densenet", "nin"])
def test_takes_the_smallest_picture_it_says(name):
    module = catalogue.find(classifiers, name)
    large = module.SMALLEST_IMAGENET["1_0"] if name == "squeezenet" else module.SMALLEST_IMAGENET
    for layout, side in (("small", getattr(module, "SMALLEST", 1)), ("imagenet", large)):
        network = on_paper(name, (3, side, side), 7, layout=layout)
        assert network(torch.empty(2, 3, side, side, device="meta")).shape == (2, 7)


def test_a_task_adds_the_losses_half_way():
    """At 0.3 each, and what a blind guess scores grows with them."""
    from visus.recipes import classify

    task = classify.build(data="digits", model="googlenet", auxiliary=True, arithmetic="float32", batch=8)
    (objective,) = task.objectives
    terms = objective.loss(next(task.batches()))
    assert terms.keys() == {"cross_entropy", "auxiliary"}
    assert float(terms["auxiliary"].detach()) == pytest.approx(0.6 * math.log(10), rel=0.1)
    assert objective.blind_loss == pytest.approx(1.6 * math.log(10))
