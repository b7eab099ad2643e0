"""Promises every player keeps. A new file in `models/players` is tested without being mentioned."""

import numpy as np
import pytest
import torch

from visus.engine import catalogue
from visus.geometry.spaces import Amounts, Choices, Observed
from visus.models import players
from visus.models.players._contract import ActionValuing, Drawing, Valuing

SEEN = {"numbers": Observed((3,)), "states": Observed((5,), states=5), "pictures": Observed((2, 6, 6), "uint8")}
DOES = {"choices": Choices(4), "amounts": Amounts(np.array([-2, 0], np.float32), np.array([2, 9], np.float32))}


def built(name, seen, does):
    """The player for such a world, or None where it refuses it."""
    torch.manual_seed(0)
    try:
        return catalogue.find(players, name).build(SEEN[seen], DOES[does])
    except ValueError:
        return None


def observations(observed, n=6):
    dice = torch.Generator().manual_seed(0)
    if observed.states:
        return torch.eye(observed.states)[torch.arange(n) % observed.states]
    if observed.dtype == "uint8":
        return torch.randint(0, 256, (n, *observed.shape), generator=dice, dtype=torch.uint8)
    return torch.randn(n, *observed.shape, generator=dice)


@pytest.mark.parametrize("does", DOES)
@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("name", catalogue.names(players))
def test_acts_within_what_can_be_done(name, seen, does):
    player = built(name, seen, does)
    if player is None:
        return
    shown = observations(SEEN[seen])
    for dice in (None, torch.Generator().manual_seed(0)):
        actions = player.act(shown, dice)
        if does == "choices":
            assert actions.dtype == torch.int64
            assert actions.shape == (6,)
            assert ((actions >= 0) & (actions < 4)).all()
        else:
            assert actions.dtype == torch.float32
            assert actions.shape == (6, 2)
            assert ((actions >= torch.tensor([-2.0, 0.0])) & (actions <= torch.tensor([2.0, 9.0]))).all()
    assert torch.equal(player.act(shown), player.act(shown))
    if isinstance(player, Valuing):
        assert player.values(shown).shape == (6,)
    if isinstance(player, ActionValuing):
        assert player.action_values(shown).shape == (6, 4)
    if isinstance(player, Drawing):
        drawn = player.distribution(shown)
        assert drawn.log_prob(drawn.sample()).shape == drawn.entropy().shape == (6,)


@pytest.mark.parametrize("name", catalogue.names(players))
def test_is_for_some_world(name):
    assert any(built(name, seen, does) for seen in SEEN for does in DOES)
