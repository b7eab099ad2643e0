"""Log-likelihoods of integers: masses that sum to 1, second opinions, finite gradients where bytes end."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Categorical

from visus.losses.discretised import (
    binary_log_prob,
    categorical_log_prob,
    discretised_logistic_log_prob,
    discretised_logistic_mixture_log_prob,
)


@pytest.mark.parametrize("n_levels", [2, 3, 16, 256])
@pytest.mark.parametrize("mean", [-3.0, -1.0, 0.0, 0.3, 1.0])
@pytest.mark.parametrize("log_scale", [-7.0, -2.0, 0.0, 3.0])
def test_the_masses_of_all_levels_sum_to_one(n_levels, mean, log_scale):
    place = torch.tensor([mean], dtype=torch.float64)
    found = discretised_logistic_log_prob(torch.arange(n_levels), place, place * 0 + log_scale, n_levels)
    assert found.max() <= 0
    assert float(found.exp().sum()) == pytest.approx(1, abs=1e-9)


def test_a_bin_has_the_difference_of_the_distribution_at_its_edges():
    mean, scale = 0.1, 0.2

    def below(x):
        return 1 / (1 + math.exp(-(x - mean) / scale))

    def edge(level):
        return 2 * level / 255 - 1

    found = discretised_logistic_log_prob(
        torch.tensor([0, 100, 255], dtype=torch.uint8), torch.tensor(mean).double(), torch.tensor(scale).double().log()
    )
    middle = below(edge(100.5)) - below(edge(99.5))
    expected = [below(edge(0.5)), middle, 1 - below(edge(254.5))]
    assert found.exp().tolist() == pytest.approx(expected)


@pytest.mark.parametrize("level", [0, 1, 128, 254, 255])
@pytest.mark.parametrize("log_scale", [-7.0, 0.0, 5.0])
def test_gradients_are_finite_however_wrong_the_mean(level, log_scale):
    mean = torch.tensor([-20.0, 0.0, 20.0], requires_grad=True)
    scale = torch.full((3,), log_scale, requires_grad=True)
    found = discretised_logistic_log_prob(torch.tensor(level), mean, scale)
    found.sum().backward()
    assert found.isfinite().all()
    assert mean.grad.isfinite().all()
    assert scale.grad.isfinite().all()


def test_a_level_far_above_the_mean_asks_for_a_higher_one():
    mean = torch.tensor(-1.0, requires_grad=True)
    discretised_logistic_log_prob(torch.tensor(250), mean, torch.tensor(-6.0)).backward()
    assert mean.grad > 100  # a plain difference of sigmoids would be 0 here, and its slope nothing


def test_a_mixture_is_the_weighted_sum_of_its_parts():
    dice = torch.Generator().manual_seed(0)
    weights, means, scales = (torch.randn(5, 3, generator=dice).double() for _ in range(3))
    levels = torch.randint(0, 256, (5,), generator=dice)
    found = discretised_logistic_mixture_log_prob(levels, weights, means, scales)
    for row in range(5):
        parts = [discretised_logistic_log_prob(levels[row], means[row, k], scales[row, k]).exp() for k in range(3)]
        expected = sum(w * p for w, p in zip(weights[row].softmax(0), parts, strict=True))
        assert float(found[row].exp()) == pytest.approx(float(expected))


def test_binary_and_categorical_agree_with_torch():
    dice = torch.Generator().manual_seed(0)
    odds, white = torch.randn(4, 3, generator=dice), torch.randint(0, 2, (4, 3), generator=dice)
    torch.testing.assert_close(binary_log_prob(white, odds), Bernoulli(logits=odds).log_prob(white.float()))
    scores, levels = torch.randn(2, 6, 3, generator=dice), torch.randint(0, 6, (2, 3), generator=dice)
    expected = Categorical(logits=scores.transpose(1, 2)).log_prob(levels)
    torch.testing.assert_close(categorical_log_prob(scores, levels.to(torch.uint8)), expected)


def test_brightness_between_black_and_white_has_no_bernoulli_likelihood():
    with pytest.raises(ValueError, match="binarise with levels=2"):
        binary_log_prob(torch.tensor([0.0, 0.4]), torch.zeros(2))
