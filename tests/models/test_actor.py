"""Players that draw their actions: one of several, or amounts."""

import numpy as np
import pytest
import torch

from visus.geometry.spaces import Amounts, Choices, Observed
from visus.models.players import actor, actor_critic
from visus.models.players._drawing import Likelihoods

SEEN = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
CHOICES = Choices(4)
AMOUNTS = Amounts(np.array([-2.0, 0.0], np.float32), np.array([2.0, 10.0], np.float32))
FREE = Amounts(np.full(2, -np.inf, np.float32), np.full(2, np.inf, np.float32))


def made(actions, build=actor_critic.build, **settings):
    torch.manual_seed(0)
    return build(Observed((3,)), actions, hidden=8, **settings)


def moved(player):
    """A player whose scores are no longer all about the same."""
    with torch.no_grad():
        for parameter in player.parameters():
            parameter += 0.5 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
    return player


@pytest.mark.parametrize("actions", [CHOICES, AMOUNTS, FREE], ids=["choices", "amounts", "free"])
@pytest.mark.parametrize("settings", [{}, {"shared": True}, {"normalise": True}], ids=str)
def test_a_look_is_what_distribution_and_values_say(actions, settings):
    player = moved(made(actions, **settings))
    player.get_used_to(3 * SEEN + 1)
    distribution, values = player.look(SEEN)
    torch.testing.assert_close(values, player.values(SEEN))
    drawn = player.draw(SEEN)
    torch.testing.assert_close(distribution.log_prob(drawn), player.distribution(SEEN).log_prob(drawn))
    assert values.shape == distribution.entropy().shape == distribution.log_prob(drawn).shape == (5,)


def test_choices_are_drawn_as_often_as_the_distribution_says():
    player = moved(made(CHOICES))
    torch.manual_seed(2)
    drawn = player.draw(SEEN[:1].expand(40_000, 3))
    shares = torch.bincount(drawn, minlength=4) / len(drawn)
    torch.testing.assert_close(shares, player.distribution(SEEN[:1]).probs[0], atol=0.01, rtol=0)


def test_what_is_told_of_choices_is_what_torch_tells():
    scores = 3 * torch.randn(6, 4, generator=torch.Generator().manual_seed(3))
    ours, theirs = Likelihoods(scores), torch.distributions.Categorical(logits=scores)
    drawn = torch.tensor([0, 1, 2, 3, 0, 1])
    torch.testing.assert_close(ours.log_prob(drawn), theirs.log_prob(drawn))
    torch.testing.assert_close(ours.entropy(), theirs.entropy())
    torch.testing.assert_close(ours.probs, theirs.probs)
    assert ours.sample().shape == (6,)


def test_amounts_are_drawn_with_the_mean_and_the_spread_of_the_distribution():
    player = moved(made(AMOUNTS, spread=0.5))
    torch.manual_seed(2)
    drawn = player.draw(SEEN[:1].expand(40_000, 3)).detach()
    distribution = player.distribution(SEEN[:1])
    torch.testing.assert_close(drawn.mean(0), distribution.mean[0].detach(), atol=0.02, rtol=0)
    torch.testing.assert_close(drawn.std(0), distribution.base_dist.stddev[0].detach(), atol=0.02, rtol=0)


@pytest.mark.parametrize("squash", [False, True])
def test_amounts_are_within_bounds_however_far_they_are_drawn(squash):
    player = made(AMOUNTS, squash=squash, spread=30.0)
    dice = torch.Generator().manual_seed(0)
    done = player.act(SEEN.expand(5, 3).repeat(50, 1), dice)
    assert done.dtype == torch.float32
    assert done.shape == (250, 2)
    low, high = torch.from_numpy(AMOUNTS.low), torch.from_numpy(AMOUNTS.high)
    assert (done >= low).all()
    assert (done <= high).all()
    assert (done.min(0).values < low + 0.1).all()
    assert (done.max(0).values > high - 0.1).all()


def test_a_fresh_player_does_what_lies_in_the_middle_and_holds_all_choices_as_likely():
    torch.testing.assert_close(made(AMOUNTS).act(SEEN), torch.tensor([[0.0, 5.0]]).expand(5, 2), atol=0.2, rtol=0)
    chances = made(CHOICES).distribution(SEEN).probs
    torch.testing.assert_close(chances, torch.full((5, 4), 0.25), atol=0.01, rtol=0)


def test_without_dice_it_does_what_is_likeliest_and_with_the_same_dice_the_same():
    player = moved(made(CHOICES))
    assert torch.equal(player.act(SEEN), player.distribution(SEEN).probs.argmax(1))
    first, second = (player.act(SEEN, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first, second)


def test_weights_begin_orthogonal():
    weight = made(CHOICES).see.think[2].weight
    torch.testing.assert_close(weight @ weight.T, 2 * torch.eye(8), atol=1e-5, rtol=0)


def test_parameters_belong_to_the_actor_or_to_the_critic_and_none_to_both():
    player = made(AMOUNTS)
    policy, value = ({id(p) for p in part()} for part in (player.policy_parameters, player.value_parameters))
    assert not policy & value
    assert policy | value == {id(p) for p in player.parameters()}


def test_with_a_trunk_of_its_own_the_critic_does_not_move_the_actor_and_with_a_shared_one_it_does():
    for shared in (False, True):
        player = moved(made(CHOICES, shared=shared))
        player.values(SEEN).sum().backward()
        assert any(p.grad is not None for p in player.see.parameters()) is shared


def test_an_actor_alone_tells_no_values():
    assert not hasattr(made(CHOICES, actor.build), "values")


def test_what_cannot_be_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="squash=yes"):
        made(FREE, squash=True)
    with pytest.raises(ValueError, match="above 0"):
        made(AMOUNTS, spread=0.0)
    with pytest.raises(ValueError, match="leave normalise out"):
        actor_critic.build(Observed((4, 9, 9), "uint8"), CHOICES, normalise=True)
    with pytest.raises(LookupError, match="Did you mean 'mlp'"):
        made(CHOICES, trunk="mpl")
