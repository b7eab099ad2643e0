"""Ways to make maps larger, against numbers by hand, torch's own layers, and what they invert."""

import pytest
import torch
from torch.nn import functional as F

from visus.layers import upsampling as of


def test_each_value_of_a_bed_of_nails_stands_in_the_corner_of_its_block():
    nails = of.bed_of_nails(torch.tensor([[[[1.0, 2], [3, 4]]]]), 3)[0, 0]
    assert nails.shape == (6, 6)
    assert nails[::3, ::3].tolist() == [[1, 2], [3, 4]]
    assert nails.sum() == 10


def test_nearest_repeats_and_bilinear_keeps_a_ramp():
    ramp = torch.arange(5.0).expand(1, 1, 5, 5)
    assert of.nearest(ramp, 2)[0, 0, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert of.bilinear(ramp, 2)[0, 0, 0, 1:-1].tolist() == [0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75]


@pytest.mark.parametrize("size", [(8, 8), (9, 7)])
def test_unpooled_values_stand_where_the_largest_were(size):
    x = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0))
    pooled, places = of.max_pool(x)
    back = of.max_unpool(pooled, places, size)
    assert back.shape == x.shape
    assert back[back > 0].equal(x[back > 0])
    assert (back > 0).sum() == pooled.numel()
    if size == (8, 8):
        assert back.equal(F.max_unpool2d(pooled, places, 2))


def test_values_and_places_must_have_one_shape():
    pooled, places = of.max_pool(torch.rand(1, 3, 4, 4))
    with pytest.raises(ValueError, match="as many channels as were pooled"):
        of.max_unpool(pooled[:, :2], places, (4, 4))


@pytest.mark.parametrize("times", [2, 3, 4, 8])
def test_a_transposed_convolution_starts_as_bilinear_interpolation(times):
    x = torch.rand(2, 3, 6, 5, generator=torch.Generator().manual_seed(1))
    layer = of.TransposedConv(3, times=times)
    assert layer(x).shape == (2, 3, 6 * times, 5 * times)
    inner = slice(times, -times)  # at the rim it adds zeros, where interpolation repeats
    torch.testing.assert_close(layer(x)[..., inner, inner], of.bilinear(x, times)[..., inner, inner])


def test_a_transposed_convolution_is_the_convolution_turned_over():
    layer = of.TransposedConv(2, 3, times=2).double()
    torch.nn.init.normal_(layer.weight)
    small, large = torch.randn(1, 2, 4, 5).double(), torch.randn(1, 3, 8, 10).double()
    there = F.conv2d(large, layer.weight, stride=2, padding=1)
    assert torch.allclose((layer(small) * large).sum(), (small * there).sum())


@pytest.mark.parametrize("name", sorted(of.UPSAMPLING))
def test_every_way_gives_the_size_it_promises(name):
    layer = of.UPSAMPLING[name](4, 2)
    assert layer(torch.rand(1, 4, 3, 5)).shape == (1, 4, 6, 10)
