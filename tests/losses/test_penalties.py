"""Weight penalties against loops, torch's weight decay, and the course's numbers."""

import pytest
import torch

from visus.losses import penalties
from visus.losses.hinge import multiclass_hinge

W = torch.linspace(-1, 2, 12, dtype=torch.float64).view(3, 4)


def test_five_conventions_on_one_matrix():
    found = [
        penalties.l2(W, 0.1),
        penalties.half_l2(W, 0.1),
        penalties.l1(W, 0.1),
        penalties.elastic_net_mixed(W, 0.1, beta=0.5),
        penalties.elastic_net(W, l1=0.3, l2=0.2),
    ]
    values = W.flatten().tolist()
    squares, sizes = sum(w * w for w in values), sum(abs(w) for w in values)
    by_hand = [0.1 * squares, 0.05 * squares, 0.1 * sizes, 0.1 * (0.5 * squares + sizes), 0.3 * sizes + 0.2 * squares]
    assert [float(f) for f in found] == pytest.approx(by_hand, rel=1e-12)
    assert float(found[-1]) == pytest.approx(5.945454545454545, rel=1e-12)


def test_l2_prefers_spread_weights_and_l1_does_not_care():
    one, spread = torch.tensor([1.0, 0, 0, 0]), torch.full((4,), 0.25)
    assert float(one.sum()) == float(spread.sum())  # the score of x = (1, 1, 1, 1)
    assert [float(penalties.l2(w, 1.0)) for w in (one, spread)] == [1.0, 0.25]
    assert [float(penalties.l1(w, 1.0)) for w in (one, spread)] == [1.0, 1.0]


def test_several_tensors_are_penalised_together_in_their_own_precision():
    assert float(penalties.l2([W, 2 * W], 0.1)) == pytest.approx(5 * float(penalties.l2(W, 0.1)), rel=1e-12)
    assert penalties.l1([W, W], 0.1).dtype == torch.float64
    assert float(penalties.l2([], 0.1)) == 0


def test_gradients_are_the_ones_written_down():
    for penalty, expected in (
        (penalties.l2, 2 * 0.1 * W),
        (penalties.half_l2, 0.1 * W),
        (penalties.l1, 0.1 * W.sign()),
    ):
        w = W.clone().requires_grad_()
        penalty(w, 0.1).backward()
        torch.testing.assert_close(w.grad, expected)


def test_a_step_on_half_l2_is_weight_decay():
    lr, strength = 0.5, 0.1
    decayed, penalised = (torch.nn.Parameter(W.clone()) for _ in range(2))
    decayed.grad = torch.zeros_like(decayed)
    torch.optim.SGD([decayed], lr=lr, weight_decay=strength).step()
    penalties.half_l2(penalised, strength).backward()
    torch.optim.SGD([penalised], lr=lr).step()
    torch.testing.assert_close(decayed, penalised)
    torch.testing.assert_close(decayed.detach(), (1 - lr * strength) * W)


def test_the_multiclass_hinge_of_two_classes_is_the_binary_svm():
    torch.manual_seed(0)
    scores, labels = torch.randn(20, 2, dtype=torch.float64), torch.randint(2, (20,))
    signs, difference = 2 * labels - 1, scores[:, 1] - scores[:, 0]
    torch.testing.assert_close(multiclass_hinge(scores, labels), (1 - signs * difference).clamp_min(0).mean())
