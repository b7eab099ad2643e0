"""The detour of narrow maps changes the time and nothing else."""

import pytest
import torch
from torch.nn import functional as F

from visus.layers.narrow import Conv3x3, beside, in_rows


@pytest.mark.parametrize("size", [(6, 5, 7, 7), (7, 4, 3, 3), (1, 3, 8, 2), (5, 4, 1, 1)], ids=str)
def test_the_gradients_in_bfloat16_are_those_of_the_usual_convolution(size):
    torch.manual_seed(0)
    conv, weight = Conv3x3(size[1], 6), torch.randn(size[0], 6, *size[2:])
    images = torch.randn(size)
    found = []
    for forward in (conv, lambda x: F.conv2d(x, conv.weight, padding=1)):
        x = images.clone().requires_grad_()
        conv.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            scores = forward(x)
        (scores.float() * weight).sum().backward()
        found.append((scores.float(), x.grad, conv.weight.grad.clone()))
    for ours, usual in zip(*found, strict=True):
        assert ours.dtype == usual.dtype == torch.float32
        assert (ours - usual).norm() <= 1e-2 * usual.norm()


def test_in_double_precision_it_is_the_usual_convolution():
    conv = Conv3x3(2, 3).double()
    x = torch.randn(2, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.equal(conv(x), F.conv2d(x, conv.weight, padding=1))
    assert torch.autograd.gradcheck(conv, (x,))


def test_pictures_stand_side_by_side_with_a_column_of_zeros_after_each():
    maps = torch.arange(1.0, 9).view(4, 1, 1, 2)
    assert in_rows(maps, 2).flatten(1).tolist() == [[1, 2, 0, 3, 4, 0], [5, 6, 0, 7, 8, 0]]


@pytest.mark.parametrize(("n", "width", "expected"), [(500, 7, 5), (500, 3, 10), (7, 3, 7), (1, 7, 1), (13, 7, 1)])
def test_a_row_holds_a_divisor_of_the_pictures(n, width, expected):
    assert beside(n, width) == expected
