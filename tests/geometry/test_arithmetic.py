"""The sums of convolutions come out as torch's do, and what is not whole says so with its sum."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from visus.geometry.arithmetic import conv_macs, conv_output, conv_parameters, receptive_fields, same_padding
from visus.geometry.columns import col2im, conv_backward, conv_by_matrix, im2col

windows = st.tuples(st.integers(1, 40), st.integers(1, 7), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))


@given(windows)
def test_sizes_are_those_of_torch(window):
    size, field, stride, padding, dilation = window
    conv = nn.Conv1d(1, 1, field, stride, padding, dilation)
    if dilation * (field - 1) + 1 > size + 2 * padding:
        with pytest.raises(ValueError, match="larger than the padded input"):
            conv_output(*window, whole=False)
        return
    assert conv_output(*window, whole=False) == conv(torch.zeros(1, 1, size)).shape[2]


@given(windows)
def test_what_is_refused_names_a_padding_or_size_that_is_whole(window):
    size, field, stride, padding, dilation = window
    try:
        conv_output(*window)
    except ValueError as error:
        said = str(error)
        if "is not whole" not in said:
            return
        words = said.replace(",", "").split()
        nearest = int(words[words.index("input") + 2])
        assert conv_output(nearest, field, stride, padding, dilation)
        if "; padding" in said:
            assert conv_output(size, field, stride, int(words[words.index("padding") + 1]), dilation)


@pytest.mark.parametrize(
    ("window", "sentence"),
    [
        ((10, 3, 2, 0), r"\(10 - 3 \+ 2\*0\) / 2 \+ 1 = 4.5 is not whole; stride 1 gives 8, an input of 9 px gives 4"),
        ((7, 3, 3, 0), r"= 2.333 is not whole; padding 1 gives 3"),
        ((224, 11, 4, 0), r"= 54.25 is not whole.*an input of 227 px gives 55"),
        ((2, 5, 1, 1), r"= 0 is below 1: .*enlarge the input by 1 px"),
    ],
)
def test_the_sum_is_shown(window, sentence):
    with pytest.raises(ValueError, match=sentence):
        conv_output(*window)


@pytest.mark.parametrize("wrong", [{"size": 0}, {"stride": 0}, {"padding": -1}, {"dilation": 0}, {"field": 0}])
def test_impossible_windows_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be at least"):
        conv_output(**{"size": 8, "field": 3, **wrong})


def test_same_padding_keeps_the_size():
    assert [conv_output(20, field, 1, same_padding(field)) for field in (1, 3, 5, 11)] == [20] * 4
    with pytest.raises(ValueError, match="a field of 5 keeps the size"):
        same_padding(4)


def test_parameters_and_work_by_hand():
    assert conv_parameters(5, 3, 10) == 760
    assert conv_parameters(11, 3, 96) == 34944
    conv = nn.Conv2d(8, 6, 3, groups=2, bias=False)
    assert conv_parameters(3, 8, 6, bias=False, groups=2) == conv.weight.numel()
    assert conv_macs(3, 8, 6, 25) == 3 * 3 * 8 * 6 * 25
    assert receptive_fields([(3, 1), (3, 1), (2, 2), (3, 1)]) == [3, 5, 6, 10]


@pytest.mark.parametrize(("field", "stride", "padding"), [(3, 1, 1), (3, 2, 0), (2, 2, 1), (5, 3, 2), (1, 1, 0)])
def test_columns_are_those_of_torch_and_make_the_convolution(field, stride, padding):
    torch.manual_seed(0)
    x, w, b = torch.randn(2, 3, 9, 11).double(), torch.randn(4, 3, field, field).double(), torch.randn(4).double()
    columns = im2col(x, field, stride, padding)
    assert torch.equal(columns, F.unfold(x, field, padding=padding, stride=stride))
    folded = F.fold(columns, (9, 11), field, padding=padding, stride=stride)
    torch.testing.assert_close(col2im(columns, (9, 11), field, stride, padding), folded)
    expected = F.conv2d(x, w, b, stride, padding)
    torch.testing.assert_close(conv_by_matrix(x, w, b, stride, padding), expected)


def test_columns_of_another_picture_are_refused():
    with pytest.raises(ValueError, match=r"not of a 8 x 8 picture"):
        col2im(torch.zeros(1, 27, 50), (8, 8), 3)


@pytest.mark.parametrize("padding", [0, 1, 2])
def test_the_gradient_is_a_convolution_with_turned_filters(padding):
    torch.manual_seed(0)
    x, w = torch.randn(2, 3, 7, 6, requires_grad=True), torch.randn(4, 3, 3, 3)
    out = F.conv2d(x, w, padding=padding)
    upstream = torch.randn_like(out)
    (expected,) = torch.autograd.grad(out, x, upstream)
    torch.testing.assert_close(conv_backward(upstream, w, padding), expected, rtol=1e-4, atol=1e-5)
