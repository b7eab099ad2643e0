"""Games of a critic and a generator: by hand, at their solutions, and where their gradients vanish."""

import math

import pytest
import torch

from visus.losses.adversarial import GAMES, gradient_penalty, named

REAL, MADE = torch.tensor([2.0, -1.0]), torch.tensor([0.5, -3.0])


def chance(score):
    return 1 / (1 + math.exp(-score))


def mean(values):
    return sum(values) / len(values)


BY_HAND = {  # critic on real pictures, critic on generated ones, generator
    "minimax": (
        -mean([math.log(chance(2)), math.log(chance(-1))]),
        -mean([math.log(1 - chance(0.5)), math.log(1 - chance(-3))]),
        mean([math.log(1 - chance(0.5)), math.log(1 - chance(-3))]),
    ),
    "non_saturating": (
        -mean([math.log(chance(2)), math.log(chance(-1))]),
        -mean([math.log(1 - chance(0.5)), math.log(1 - chance(-3))]),
        -mean([math.log(chance(0.5)), math.log(chance(-3))]),
    ),
    "least_squares": (mean([1, 4]) / 2, mean([0.25, 9]) / 2, mean([0.25, 16]) / 2),
    "wasserstein": (-0.5, -1.25, 1.25),
    "hinge": (mean([0, 2]), mean([1.5, 0]), 1.25),
}


@pytest.mark.parametrize("name", sorted(GAMES))
def test_losses_are_those_computed_by_hand(name):
    game = named(name)
    found = float(game.real(REAL, 0.0)), float(game.generated(MADE)), float(game.fooling(MADE))
    assert found == pytest.approx(BY_HAND[name], rel=1e-6)


@pytest.mark.parametrize("name", sorted(GAMES))
def test_sure_critics_lose_and_fool_by_finite_numbers(name):
    game, far = named(name), torch.tensor([-1e4, 1e4], requires_grad=True)
    total = game.real(far, 0.0) + game.generated(far) + game.fooling(far)
    total.backward()
    assert torch.isfinite(total)
    assert torch.isfinite(far.grad).all()


@pytest.mark.parametrize("name", sorted(GAMES))
def test_the_generator_wants_higher_scores_and_the_critic_lower_ones(name):
    game, scores = named(name), torch.tensor([0.3, -0.4], requires_grad=True)
    (up,) = torch.autograd.grad(game.fooling(scores), scores)
    (down,) = torch.autograd.grad(game.generated(scores) if name != "least_squares" else scores.mean(), scores)
    assert (up < 0).all()
    assert (down > 0).all()


def test_the_first_loss_starves_a_generator_whose_critic_is_sure():
    scores = torch.full((1,), -10.0, requires_grad=True)
    slopes = {n: float(torch.autograd.grad(named(n).fooling(scores), scores)[0]) for n in ("minimax", "non_saturating")}
    assert slopes["minimax"] == pytest.approx(-chance(-10))
    assert slopes["non_saturating"] == pytest.approx(chance(-10) - 1)


def test_the_best_critic_knows_the_ratio_of_densities_and_loses_two_logs_less_the_divergence():
    """Goodfellow et al., 2014, proposition 1 and theorem 1, on three symbols."""
    real, made = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]], dtype=torch.float64)
    game = named("minimax")
    scores = (real / made).log().requires_grad_()  # of the critic D = real / (real + made)
    loss = sum(
        p * game.real(score, 0.0) + q * game.generated(score)
        for p, q, score in zip(real, made, scores.split(1), strict=True)
    )
    (slope,) = torch.autograd.grad(loss, scores)
    assert torch.allclose(slope, torch.zeros(3).double(), atol=1e-12)
    middle = (real + made) / 2
    divergence = ((real * (real / middle).log()).sum() + (made * (made / middle).log()).sum()) / 2
    assert float(loss.detach()) == pytest.approx(2 * math.log(2) - 2 * float(divergence), rel=1e-12)


def test_smoothing_wants_the_critic_nine_tenths_sure():
    score = torch.tensor([math.log(9.0)], requires_grad=True)
    for name in ("minimax", "non_saturating"):
        (slope,) = torch.autograd.grad(named(name).real(score, 0.1), score)
        assert float(slope) == pytest.approx(0, abs=1e-6)
    assert float(named("least_squares").real(torch.tensor([0.9]), 0.1)) == pytest.approx(0, abs=1e-12)


def test_a_linear_critic_is_penalised_by_the_length_of_its_weights():
    weights = torch.tensor([3.0, 4.0, 0.0, 0.0], requires_grad=True)
    pictures = torch.randn(5, 1, 2, 2), torch.randn(5, 1, 2, 2)
    found = gradient_penalty(lambda x: x.flatten(1) @ weights, *pictures, torch.rand(5))
    assert float(found.detach()) == pytest.approx((5 - 1) ** 2)
    (slope,) = torch.autograd.grad(found, weights)
    assert slope.tolist() == pytest.approx([2 * 4 * 0.6, 2 * 4 * 0.8, 0, 0])


def test_the_penalty_looks_between_the_pictures():
    """Of a critic x^2 / 2 the slope is x itself: the penalty tells where it was taken."""
    real, made = torch.full((1, 1, 1, 1), 5.0), torch.full((1, 1, 1, 1), 2.0)
    for share in (0.0, 0.25, 1.0):
        found = gradient_penalty(lambda x: x.square().flatten() / 2, real, made, torch.tensor([share]))
        assert float(found.detach()) == pytest.approx((2 + 3 * share - 1) ** 2)


def test_the_penalty_sends_no_gradient_to_the_generator():
    made = torch.randn(2, 1, 2, 2, requires_grad=True)
    weights = torch.ones(4, requires_grad=True)
    gradient_penalty(lambda x: (x.flatten(1) * weights).sum(1), torch.randn(2, 1, 2, 2), made, torch.rand(2)).backward()
    assert made.grad is None
    assert weights.grad is not None


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"the game must be one of minimax, .*; got 'softmax'"):
        named("softmax")
    with pytest.raises(ValueError, match="got 3 for 2"):
        gradient_penalty(torch.sum, torch.zeros(2, 1, 1, 1), torch.zeros(3, 1, 1, 1), torch.rand(2))
