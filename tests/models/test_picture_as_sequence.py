"""A picture read as a sequence: what enters at each step, and what the answer may depend on."""

import pytest
import torch

from visus.layers.recurrent import FAST
from visus.models.classifiers.rows import build, sequence

PICTURES = torch.arange(2 * 3 * 8 * 12, dtype=torch.float32).reshape(2, 3, 8, 12)


def test_a_step_is_a_row_a_column_or_a_patch():
    assert torch.equal(sequence(PICTURES, "rows")[1, 5], PICTURES[1, :, 5].flatten())
    assert torch.equal(sequence(PICTURES, "columns")[1, 5], PICTURES[1, :, :, 5].flatten())
    patches = sequence(PICTURES, "patches", 4)
    assert patches.shape == (2, 2 * 3, 3 * 4 * 4)
    assert torch.equal(patches[1, 4], PICTURES[1, :, 4:8, 4:8].flatten())  # second row of patches, second of three


@pytest.mark.parametrize("cell", FAST)
@pytest.mark.parametrize("reading", ["rows", "columns", "patches"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_pixel_that_is_read_has_a_say(cell, reading, bidirectional):
    torch.manual_seed(0)
    network = build((3, 8, 12), 5, cell, hidden=16, layers=2, bidirectional=bidirectional, reading=reading)
    x = torch.randn(2, 3, 8, 12, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(x).square().sum(), x)
    assert (gradient != 0).all()


def test_read_backwards_too_each_end_is_seen_last_by_one():
    torch.manual_seed(0)
    network = build((1, 40, 8), 5, "rnn", hidden=8, bidirectional=True).double()
    with torch.no_grad():
        for name, weight in network.recurrent.cells.named_parameters():
            weight.mul_(0.3 if "weight_hh" in name else 1.0)  # what was read long ago fades
    x = torch.randn(2, 1, 40, 8, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(x).square().sum(), x)
    size = gradient.square().sum((0, 1, 3))
    assert min(size[0], size[-1]) > 1000 * size[20]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"reading": "diagonals"}, "reading must be one of rows, columns, patches"),
        ({"reading": "patches", "patch": 9}, "larger than pictures of 8 x 12; take patch=8 or less"),
        ({"patch": 0}, "at least 1"),
        ({"dropout": 1.0}, "below 1"),
        ({"cell": "elman"}, "cell must be one of"),
    ],
)
def test_a_reading_that_cannot_be_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        build((1, 8, 12), 3, **settings)
