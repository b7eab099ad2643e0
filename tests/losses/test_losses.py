"""Losses against numbers worked by hand."""

import math

import pytest
import torch

from visus.losses.cross_entropy import cross_entropy
from visus.losses.hinge import multiclass_hinge

SCORES = torch.tensor([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])  # a cat, a car, a frog
LABELS = torch.tensor([0, 1, 2])


def test_hinge_of_cat_car_and_frog():
    each = [float(multiclass_hinge(SCORES[i : i + 1], LABELS[i : i + 1])) for i in range(3)]
    assert each == pytest.approx([2.9, 0.0, 12.9], abs=1e-5)
    assert float(multiclass_hinge(SCORES, LABELS)) == pytest.approx(5.2667, abs=1e-4)


def test_softmax_of_the_cat_is_in_nats():
    assert float(cross_entropy(SCORES[:1], LABELS[:1])) == pytest.approx(2.0404, abs=1e-4)


def test_hinge_stops_caring_where_softmax_goes_on():
    far, near, label = torch.tensor([[10.0, -100, -100]]), torch.tensor([[10.0, 9, 9]]), torch.tensor([0])
    assert [float(multiclass_hinge(s, label)) for s in (far, near)] == [0.0, 0.0]
    assert [float(cross_entropy(s, label)) for s in (far, near)] == pytest.approx([0.0, 0.5514447])


def test_a_blind_model_starts_at_ln_k_and_k_minus_one():
    scores, labels = torch.zeros(4, 10), torch.arange(4)
    assert float(cross_entropy(scores, labels)) == pytest.approx(math.log(10))
    assert float(cross_entropy(scores, labels, smoothing=0.2)) == pytest.approx(math.log(10))
    assert float(multiclass_hinge(scores, labels)) == 9.0


def test_margin_and_square_of_the_hinge():
    scores, label = torch.tensor([[13.0, -7.0, 11.0]]), torch.tensor([0])
    assert float(multiclass_hinge(scores, label, margin=10.0)) == 8.0
    assert float(multiclass_hinge(scores, label, margin=10.0, squared=True)) == 64.0


def test_softmax_survives_scores_that_would_overflow():
    scores = torch.tensor([[123.0, 456.0, 789.0]])
    assert [float(cross_entropy(scores, torch.tensor([y]))) for y in range(3)] == [666.0, 333.0, 0.0]


def test_the_hinge_gradient_counts_the_violating_classes():
    scores = SCORES.clone().requires_grad_()
    multiclass_hinge(scores[:1], LABELS[:1]).backward()
    assert scores.grad[0].tolist() == [-1.0, 1.0, 0.0]
