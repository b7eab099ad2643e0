"""Linear layers as convolutions, layers that are local and not shared, and pooling by length."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from visus.layers.convolutional import as_convolution, to_convolutional
from visus.layers.locally_connected import LocallyConnected
from visus.layers.pooling import L2Pool


def unpadded() -> nn.Sequential:
    """AlexNet in small, for 20 px: a strided first layer, pooling, and a batch norm between the linear layers."""
    torch.manual_seed(0)
    see = (nn.Conv2d(3, 8, 4, stride=2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(8, 8, 2), nn.ReLU())
    decide = (nn.Linear(72, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 7))
    return nn.Sequential(*see, nn.AdaptiveAvgPool2d(3), nn.Flatten(), *decide).eval()


def test_scores_equal_those_of_the_net_slid_over_the_picture():
    net, picture = unpadded(), torch.randn(2, 3, 32, 28)
    before = [name for name, _ in net.named_modules()]
    dense = to_convolutional(net, (8, 3, 3))
    scores = dense(picture)
    assert scores.shape == (2, 7, 4, 3)
    for down in range(4):
        for across in range(3):  # strides of 2 and 2: places are 4 px apart
            crop = picture[:, :, 4 * down : 4 * down + 20, 4 * across : 4 * across + 20]
            torch.testing.assert_close(scores[:, :, down, across], net(crop), rtol=1e-4, atol=1e-5)
    assert [name for name, _ in net.named_modules()] == before
    assert isinstance(net[7], nn.Linear)


class VggLike(nn.Module):
    """Padded convolutions, and a forward of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(32))
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(nn.Linear(4 * 49, 5), nn.ReLU(), nn.Linear(5, 3))

    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


def test_a_net_for_224_px_scores_384_at_six_by_six_places():
    torch.manual_seed(0)
    net = VggLike().eval()
    dense = to_convolutional(net, (4, 7, 7))
    picture = torch.rand(1, 3, 384, 384)
    with torch.no_grad():
        scores = dense(picture)
        assert scores.shape == (1, 3, 6, 6)
        torch.testing.assert_close(dense(picture[:, :, :224, :224])[:, :, 0, 0], net(picture[:, :, :224, :224]))


def test_a_linear_layer_alone():
    linear = nn.Linear(18, 5, bias=False)
    conv = to_convolutional(linear, (2, 3, 3))
    x = torch.randn(4, 2, 3, 3)
    torch.testing.assert_close(conv(x).flatten(1), linear(x.flatten(1)))


def test_what_cannot_be_converted_is_one_sentence():
    with pytest.raises(ValueError, match="a map of 2 x 4 x 4 has 32 values, the linear layer takes 18"):
        as_convolution(nn.Linear(18, 5), (2, 4, 4))
    with pytest.raises(ValueError, match="no linear layer"):
        to_convolutional(nn.Sequential(nn.Conv2d(3, 4, 3)), (4, 3, 3))
    with pytest.raises(ValueError, match="pools every size to 1 x 1"):
        to_convolutional(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)), (4, 1, 1))

    class Undecided(nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    with pytest.raises(ValueError, match="takes no fixed course"):
        to_convolutional(Undecided(), (1, 1, 1))


def test_locally_connected_with_shared_filters_is_a_convolution():
    torch.manual_seed(0)
    layer, conv = LocallyConnected(3, 4, (9, 11), 3, stride=2, padding=1), nn.Conv2d(3, 4, 3, 2, 1)
    with torch.no_grad():
        layer.weight.copy_(conv.weight.flatten(1).expand_as(layer.weight))
        layer.bias.copy_(conv.bias[:, None].expand_as(layer.bias))
    x = torch.randn(2, 3, 9, 11)
    torch.testing.assert_close(layer(x), conv(x), rtol=1e-4, atol=1e-5)


def test_every_place_has_filters_of_its_own():
    layer = LocallyConnected(1, 1, (4, 4), 2, stride=2)
    x = torch.randn(1, 1, 2, 2).repeat(1, 1, 2, 2)  # four times the same window
    assert layer(x).unique().numel() == 4
    assert sum(p.numel() for p in layer.parameters()) == 4 * (4 + 1)
    with pytest.raises(ValueError, match="made for 4 x 4 px, got 6 x 6"):
        layer(torch.zeros(1, 1, 6, 6))
    with pytest.raises(ValueError, match="is not whole"):
        LocallyConnected(1, 1, (5, 5), 2, stride=2)


def test_l2_pooling_is_torchs_with_a_gradient_at_zero():
    x = torch.rand(2, 3, 6, 6).requires_grad_()
    torch.testing.assert_close(L2Pool()(x), F.lp_pool2d(x, 2, 2))
    zeros = torch.zeros(1, 1, 4, 4, requires_grad=True)
    L2Pool()(zeros).sum().backward()
    assert torch.equal(zeros.grad, torch.zeros_like(zeros))
    assert L2Pool()(torch.tensor([[[[3.0, 4.0], [0.0, 0.0]]]])).item() == pytest.approx(5)
