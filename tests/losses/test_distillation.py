"""Soft targets: the usual cross-entropy where they are hard, least where teacher and pupil agree."""

import pytest
import torch

from visus.losses.cross_entropy import cross_entropy
from visus.losses.distillation import soft_cross_entropy


def test_one_hot_truth_at_temperature_one_is_cross_entropy():
    scores, labels = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)), torch.arange(6) % 4
    hard = torch.nn.functional.one_hot(labels, 4).float()
    torch.testing.assert_close(soft_cross_entropy(scores, hard), cross_entropy(scores, labels))


def test_it_is_least_where_both_say_the_same_at_that_temperature():
    scores = torch.tensor([[4.0, 1.0, 0.0]])
    truth = (scores / 5).softmax(1)
    least = soft_cross_entropy(scores, truth, 5)
    assert float(least) == pytest.approx(float(-(truth * truth.log()).sum()))
    assert soft_cross_entropy(scores + torch.tensor([[1.0, 0, 0]]), truth, 5) > least


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_no_temperature_is_refused(temperature):
    with pytest.raises(ValueError, match="temperature must be above 0"):
        soft_cross_entropy(torch.zeros(1, 2), torch.ones(1, 2) / 2, temperature)
