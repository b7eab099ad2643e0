"""The first layer of the whitened net makes its inputs uncorrelated and of equal size."""

import torch
from torch.nn import functional as F

from visus.models.classifiers import whitened_conv


def smooth_pictures(n):
    """Neighbouring pixels alike, colours alike, as in photographs."""
    noise = torch.randn(n, 1, 12, 12) + 0.3 * torch.randn(n, 3, 12, 12)
    return F.avg_pool2d(noise, 3, stride=1)


def test_whitened_patches_have_the_identity_as_covariance():
    torch.manual_seed(0)
    network, pictures = whitened_conv.build((3, 10, 10), 4), smooth_pictures(400)
    network.whiten(pictures)
    answers = F.conv2d(pictures, network.whitening.weight).transpose(0, 1).flatten(1)[:12]  # (12, N): those of one sign
    second_moments = answers @ answers.T / answers.shape[1]
    scale = second_moments.diagonal()
    assert (second_moments - scale.diag()).abs().max() < 1e-3
    assert scale.max() < 1.01
    assert scale.min() > 0.5  # below 1 where the floor weighs


def test_every_axis_is_there_with_both_signs():
    network = whitened_conv.build((3, 10, 10), 4)
    network.whiten(smooth_pictures(50))
    assert torch.equal(network.whitening.weight[:12], -network.whitening.weight[12:])


def test_pictures_without_any_variation_are_whitened_without_infinities():
    network = whitened_conv.build((3, 10, 10), 4)
    network.whiten(torch.zeros(5, 3, 10, 10))
    assert network.whitening.weight.isfinite().all()


def test_the_filters_are_saved_and_not_learned():
    network = whitened_conv.build((3, 32, 32), 10)
    assert "whitening.weight" in network.state_dict()
    assert "whitening.weight" not in dict(network.named_parameters())
    assert sum(p.numel() for p in network.parameters()) == 1_971_328


def test_a_fresh_kernel_hands_its_input_on():
    group = whitened_conv.Group(4, 6)
    x = torch.randn(2, 4, 8, 8)
    torch.testing.assert_close(group.widen(x)[:, :4], x)
