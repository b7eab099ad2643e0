"""Losses of attributes and of numbers, against torch, scikit-learn and numbers worked by hand."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from torch.nn import functional as F

from visus.losses.attributes import attribute_hinge, attribute_logistic
from visus.losses.hinge import multiclass_hinge
from visus.losses.regression import half_squared_error, l1_regression, l2_regression

SCORES = torch.linspace(-2, 2, 12, dtype=torch.float64).reshape(3, 4)
SIGNS = torch.tensor([[1, -1, 1, 1], [-1, -1, 1, -1], [1, 1, -1, -1]])
TRUTH = (SIGNS + 1) // 2


def test_attributes_of_three_examples_worked_elsewhere():
    assert float(attribute_hinge(SCORES, SIGNS)) == pytest.approx(5.515151515151516, rel=1e-12)
    assert float(attribute_logistic(SCORES, TRUTH)) == pytest.approx(4.090399715620555, rel=1e-12)


def test_logistic_is_the_sum_of_binary_log_losses():
    columns = [log_loss(TRUTH[:, a], SCORES[:, a].sigmoid(), labels=[0, 1]) for a in range(4)]
    assert float(attribute_logistic(SCORES, TRUTH)) == pytest.approx(sum(columns))


def test_hinge_is_the_sum_of_binary_svms():
    each = [max(0.0, 1 - y * f) for f, y in zip(SCORES.flatten().tolist(), SIGNS.flatten().tolist(), strict=True)]
    assert float(attribute_hinge(SCORES, SIGNS)) == pytest.approx(sum(each) / 3)


def test_the_gradient_of_an_example_is_probability_minus_truth():
    scores = SCORES.clone().requires_grad_()
    attribute_logistic(scores, TRUTH).backward()
    assert torch.allclose(3 * scores.grad, SCORES.sigmoid() - TRUTH, atol=1e-12)


def test_a_blind_model_pays_ln_2_or_1_for_each_attribute():
    assert float(attribute_logistic(torch.zeros(5, 4), torch.ones(5, 4))) == pytest.approx(4 * math.log(2))
    assert float(attribute_hinge(torch.zeros(5, 4), torch.ones(5, 4))) == 4.0


def test_huge_scores_stay_finite():
    scores = torch.tensor([[1e4, -1e4]])
    assert float(attribute_logistic(scores, torch.tensor([[1, 0]]))) == 0.0
    assert float(attribute_logistic(scores, torch.tensor([[0, 1]]))) == pytest.approx(2e4)


def test_one_attribute_is_a_classifier_of_two_classes():
    scores = torch.randn(6, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    truth = torch.tensor([[0], [1], [1], [0], [1], [0]])
    two = torch.cat([-scores / 2, scores / 2], 1)  # their difference is the score
    assert float(attribute_logistic(scores, truth)) == pytest.approx(float(F.cross_entropy(two, truth[:, 0])))
    assert float(attribute_hinge(scores, 2 * truth - 1)) == pytest.approx(float(multiclass_hinge(two, truth[:, 0])))


def test_signs_and_truths_are_not_mistaken_for_each_other():
    with pytest.raises(ValueError, match=r"2 \* truth - 1"):
        attribute_hinge(SCORES, TRUTH)
    with pytest.raises(ValueError, match=r"\(sign \+ 1\) / 2"):
        attribute_logistic(SCORES, SIGNS)
    with pytest.raises(ValueError, match="one column an attribute"):
        attribute_hinge(SCORES, SIGNS[:, :3])
    with pytest.raises(ValueError, match="one column an attribute"):
        attribute_logistic(SCORES[0], TRUTH[0])


PREDICTED = torch.tensor([[1.0, 2.0], [0.0, -1.0]])
MEASURED = torch.tensor([[0.0, 4.0], [0.0, 2.0]])


def test_regression_by_hand():
    assert float(l2_regression(PREDICTED, MEASURED)) == (1 + 4 + 0 + 9) / 2
    assert float(l1_regression(PREDICTED, MEASURED)) == (1 + 2 + 0 + 3) / 2
    assert float(half_squared_error(PREDICTED, MEASURED)) == (1 + 4 + 0 + 9) / 4


def test_regression_is_torchs_where_torch_has_it():
    x, y = torch.randn(2, 7, 3, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(l2_regression(x, y), F.mse_loss(x, y, reduction="sum") / 7)
    assert torch.allclose(l1_regression(x, y), F.l1_loss(x, y, reduction="sum") / 7)


def test_the_delta_rule_the_gradient_of_half_the_squared_error_is_the_error():
    predicted = PREDICTED[:1].clone().requires_grad_()
    half_squared_error(predicted, MEASURED[:1]).backward()
    assert torch.equal(predicted.grad, PREDICTED[:1] - MEASURED[:1])


def test_an_outlier_pulls_ten_times_as_hard_when_ten_times_as_far_but_only_in_l2():
    for loss, times in ((l2_regression, 10.0), (l1_regression, 1.0)):
        pulls = []
        for far in (1.0, 10.0):
            predicted = torch.zeros(1, requires_grad=True)
            loss(predicted, torch.tensor([far])).backward()
            pulls.append(float(predicted.grad.abs()))
        assert pulls[1] / pulls[0] == pytest.approx(times)


@pytest.mark.parametrize("loss", [l2_regression, l1_regression, half_squared_error])
def test_a_column_against_a_row_is_refused_rather_than_broadcast(loss):
    with pytest.raises(ValueError, match=r"\(B, A\) or \(B,\)"):
        loss(torch.zeros(5, 1), torch.zeros(5))


def test_numpy_agrees_in_float64():
    dice = np.random.default_rng(0)
    x, y = dice.normal(size=(2, 9, 4))
    expected = ((x - y) ** 2).sum(1).mean()
    assert float(l2_regression(torch.from_numpy(x), torch.from_numpy(y))) == pytest.approx(expected, rel=1e-12)
