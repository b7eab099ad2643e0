"""Units: what is learned has mean 0 and deviation 1, what is told has the unit of the truth."""

import pytest
import torch

from visus.layers.units import Units


def test_the_training_truth_becomes_standard_and_comes_back():
    truth = torch.randn(500, 3) * torch.tensor([1.0, 20.0, 1e4]) + torch.tensor([0.0, 40.0, -1e5])
    units = Units(3).fit(truth)
    standard = units.standardised(truth)
    assert standard.mean(0).tolist() == pytest.approx([0, 0, 0], abs=1e-4)
    assert standard.std(0, correction=0).tolist() == pytest.approx([1, 1, 1], rel=1e-4)
    assert torch.allclose(units(standard), truth, rtol=1e-4)


def test_a_number_that_never_changes_stays_finite():
    units = Units(1).fit(torch.full((5, 1), 7.0))
    assert units(torch.zeros(2, 1)).tolist() == [[7.0], [7.0]]
    assert units.standardised(torch.full((2, 1), 7.0)).tolist() == [[0.0], [0.0]]


def test_coarse_numbers_are_told_finely():
    units = Units(1).fit(torch.tensor([[1000.0], [1002.0]]))
    told = units(torch.tensor([[0.25]], dtype=torch.bfloat16))
    assert told.dtype == torch.float32
    assert float(told) == 1001.25


def test_they_are_saved_with_the_weights():
    units = Units(2)
    units.load_state_dict(Units(2).fit(torch.tensor([[1.0, 2.0], [3.0, 6.0]])).state_dict())
    assert units(torch.zeros(1, 2)).tolist() == [[2.0, 4.0]]
