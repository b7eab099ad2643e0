import math

import pytest
import torch
from torch.nn import functional as F

from visus.losses.focal import focal_loss


def test_without_focus_it_is_binary_cross_entropy():
    scores, truth = torch.randn(5, 3), torch.rand(5, 3)
    plain = F.binary_cross_entropy_with_logits(scores, truth, reduction="none")
    assert torch.allclose(focal_loss(scores, truth, focus=0, balance=-1), plain)
    assert torch.allclose(focal_loss(scores, truth, focus=0, balance=0.5), plain / 2)


@pytest.mark.parametrize(("chance", "truth"), [(0.9, 1.0), (0.1, 0.0), (0.5, 1.0)])
def test_a_number_by_hand(chance, truth):
    """The paper's (1 - p)^2 of the surprise, p the chance of what is true: a hundredth at 0.9."""
    score = torch.tensor([math.log(chance / (1 - chance))])
    p = chance if truth else 1 - chance
    found = focal_loss(score, torch.tensor([truth]), focus=2.0, balance=-1)
    assert float(found) == pytest.approx((1 - p) ** 2 * -math.log(p), rel=1e-5)


def test_its_gradient_is_that_of_its_value():
    scores = torch.randn(4, dtype=torch.float64, requires_grad=True)
    truth = torch.tensor([0.0, 1.0, 1.0, 0.0], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda s: focal_loss(s, truth), scores)
