"""The laboratory of the plane says what it measured."""

import numpy as np
import pytest
import torch

from visus.data import toys
from visus.lab import backprop_rules, delta_rule, neurons, playground, spiral
from visus.lab._plane import learn, mislabelled


def test_a_line_cannot_follow_a_spiral_and_a_hidden_layer_can():
    measured = spiral.run(steps=400).data["train_accuracy"]
    assert 0.45 < measured["linear"] < 0.58
    assert measured["100 hidden units"] > 0.95


def test_the_loop_is_plain_gradient_descent():
    points, labels = toys.make("blobs", 30, 0)
    found = learn(points, labels, layers=1, lr=0.5, weight_decay=0.1, steps=3, seed=4)
    torch.manual_seed(4)
    linear = torch.nn.Linear(2, 3)
    torch.nn.init.kaiming_normal_(linear.weight)
    torch.nn.init.normal_(linear.weight, std=0.01)
    torch.nn.init.zeros_(linear.bias)
    losses = []
    for _ in range(3):
        loss = torch.nn.functional.cross_entropy(linear(torch.from_numpy(points)), torch.from_numpy(labels))
        losses.append(loss.item())
        W, b = torch.autograd.grad(loss + 0.05 * linear.weight.square().sum(), [linear.weight, linear.bias])
        with torch.no_grad():
            linear.weight -= 0.5 * W
            linear.bias -= 0.5 * b
    assert found.losses == pytest.approx(losses, rel=1e-5)


def test_training_leaves_the_caller_s_random_numbers_alone():
    torch.manual_seed(0)
    wanted = torch.rand(())
    torch.manual_seed(0)
    learn(*toys.make("moons", 20, 0), steps=1)
    assert torch.equal(torch.rand(()), wanted)


def test_mislabelled_changes_just_that_share():
    labels = np.arange(100) % 3
    changed = mislabelled(labels, 0.2, 0)
    assert (changed != labels).sum() == 20
    assert set(changed) <= {0, 1, 2}


def test_many_units_learn_the_mistakes_and_l2_helps():
    measured = neurons.run(steps=500).data
    assert measured["train_accuracy"]["20 units"] > measured["train_accuracy"]["3 units"]
    assert measured["fresh_accuracy"]["20 units, λ = 0.001"] > measured["fresh_accuracy"]["20 units"]


def test_a_rate_far_too_high_is_told_to_be_lowered():
    assert "lower lr" in playground.run(optimizer="sgd", lr=1e4, steps=20).findings[-1]


def test_delta_rule_is_minus_the_gradient():
    random = np.random.default_rng(0)
    W, b, v, c = random.normal(size=(3, 2)), random.normal(size=3), random.normal(size=3), 0.3
    for x, wanted in zip(delta_rule.CASES, delta_rule.WANTED, strict=True):
        hidden, output, h, _ = delta_rule.deltas(W, b, v, c, x, wanted)
        assert delta_rule._off_by(W, b, v, c, x, wanted, hidden, output, h) < 1e-15


def test_rules_hold_at_every_gate():
    findings = backprop_rules.run().findings
    assert "10 of 10 distributors, 1 of 1 routers, 6 of 6 switchers" in findings[1]
