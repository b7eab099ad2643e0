"""A description counts what is there: against torch's counter, gradients, and numbers known by heart."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from visus.engine import catalogue
from visus.models import classifiers
from visus.models.description import describe


def on_meta(name, image=(3, 224, 224), **settings):
    with torch.device("meta"):
        return catalogue.find(classifiers, name).build(image, 1000, **settings)


def test_vgg16_as_in_every_course():
    found = describe(on_meta("vgg16"), (3, 224, 224))
    assert (found.parameters, found.activations, found.macs) == (138_357_544, 15_237_608, 15_470_264_320)
    layers = {layer.name: layer for layer in found.layers}
    assert layers["classifier.0"].parameters == 102_764_544
    assert layers["features.30"].field == (212, 212)
    assert layers["features.30"].jump == (32, 32)


def test_googlenet_has_its_heads_apart():
    assert describe(on_meta("googlenet"), (3, 224, 224)).parameters == 6_624_904
    idle = dict(describe(on_meta("googlenet", auxiliary=True), (3, 224, 224)).idle)
    assert set(idle) == {"aux1", "aux2"}


@pytest.mark.parametrize(
    "name", ["small_conv", "resnet18", "densenet121", "googlenet", "squeezenet1_1", "pattern", "rows"]
)
def test_multiplications_are_those_torch_counts(name):
    image = (3, 64, 64)
    network = on_meta(name, image).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, *image, device="meta"))
    found = describe(network, image)
    assert 2 * found.macs == counter.get_total_flops()
    assert sum(layer.parameters for layer in found.layers) == found.parameters
    assert found.parameters == sum(p.numel() for p in network.parameters())


class Branches(nn.Module):
    """A functional pooling, two ways side by side, a dilated and a strided convolution, a sum."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.far = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=2, dilation=2)
        self.near, self.last = nn.Conv2d(2, 2, 1), nn.Conv2d(4, 1, 3, stride=2)
        self.unused = nn.Linear(3, 3)

    def forward(self, x):
        x = F.avg_pool2d(self.first(x), 2)
        x = x + self.near(x)
        return self.last(torch.cat([self.far(x), self.near(x)], 1))


def test_a_receptive_field_is_where_the_gradient_is_not_zero():
    network = Branches()
    image = torch.zeros(1, 1, 60, 60, requires_grad=True)
    for parameter in network.parameters():
        nn.init.ones_(parameter)
    out = network(image)
    (gradient,) = torch.autograd.grad(out[0, 0, 7, 7], image, retain_graph=True)
    (beside,) = torch.autograd.grad(out[0, 0, 7, 8], image)
    touched, shifted = (g[0, 0].abs().amax(0).nonzero() for g in (gradient, beside))
    found = describe(network, (1, 60, 60)).layers[-1]
    assert found.field == (int(touched.max() - touched.min()) + 1,) * 2
    assert found.jump == (int(shifted.min() - touched.min()),) * 2


def test_what_is_shared_or_idle_is_counted_once():
    found = describe(Branches(), (1, 60, 60))
    assert [layer.parameters for layer in found.layers if layer.name == "near"] == [6, 0]
    assert found.idle == [("unused", 12)]
    assert found.activations == 60 * 60 + sum(layer.activations for layer in found.layers)
    assert "avg_pool" in [layer.name for layer in found.layers]


def test_nothing_is_changed_and_nothing_is_left_behind():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    describe(network, (3, 8, 8))
    assert network.training
    assert network[0].weight.device.type == "cpu"
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_a_network_that_looks_at_values_is_run_on_a_black_picture():
    class Peeking(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)

        def forward(self, x):
            return self.conv(x) if float(x.sum()) == 0 else x

    assert describe(Peeking(), (1, 8, 8)).macs == 2 * 9 * 36


@pytest.mark.parametrize(
    ("layer", "remark"),
    [
        (nn.MaxPool2d(2), r"(9 - 2 + 2*0) / 2 + 1 = 4.5 is not whole: the last 1 px are not looked at"),
        (nn.MaxPool2d(2, ceil_mode=True), ""),
        (nn.Conv2d(1, 1, 3, stride=2, padding=1), ""),
        (nn.Conv2d(1, 1, 1, stride=2), ""),  # the gaps are meant
        (nn.Conv2d(1, 1, 4, stride=3), r"(9 - 4 + 2*0) / 3 + 1 = 2.667 is not whole: the last 2 px are not looked at"),
    ],
)
def test_what_no_window_looks_at_is_remarked(layer, remark):
    assert describe(nn.Sequential(layer), (1, 9, 9)).layers[0].remark == remark


def test_a_picture_that_does_not_fit_names_the_layer():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(16, 2))
    with pytest.raises(ValueError, match=r"a picture of 1x10x10 does not pass 0 \(Conv2d\)"):
        describe(network, (1, 10, 10))
    with pytest.raises(ValueError, match=r"does not pass 3 \(Linear\)"):
        describe(network, (3, 20, 20))


def test_blocks_join_layers_and_keep_the_sums():
    found = describe(on_meta("resnet50"), (3, 224, 224))
    blocks = found.blocks(25)
    assert len(blocks) <= 25 < len(found.main())
    for what in ("parameters", "macs", "activations"):
        assert sum(getattr(b, what) for b in blocks) == sum(getattr(layer, what) for layer in found.layers)
