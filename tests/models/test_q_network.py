"""A network that tells action values, plain and duelling."""

import numpy as np
import pytest
import torch

from visus.geometry.spaces import Amounts, Choices, Observed
from visus.models.players import q_network
from visus.models.players._contract import ActionValuing, Valuing

SEEN = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))


def network(**settings):
    torch.manual_seed(0)
    return q_network.build(Observed((3,)), Choices(4), hidden=16, **settings)


@pytest.mark.parametrize("duelling", [False, True])
def test_takes_the_action_it_values_most(duelling):
    player = network(duelling=duelling)
    values = player.action_values(SEEN)
    assert isinstance(player, Valuing)
    assert isinstance(player, ActionValuing)
    assert values.shape == (6, 4)
    assert player.act(SEEN).tolist() == values.argmax(1).tolist()
    assert player.act(SEEN, torch.Generator()).tolist() == values.argmax(1).tolist()
    assert torch.equal(player.values(SEEN), values.max(1).values)


def test_duelling_values_average_to_the_state_s_value():
    player = network(duelling=True)
    torch.testing.assert_close(player(SEEN).mean(1, keepdim=True), player.head.value(player.trunk(SEEN)))


def test_what_is_added_to_all_advantages_changes_nothing():
    player = network(duelling=True)
    before = player(SEEN)
    with torch.no_grad():
        player.head.advantage[-1].bias += 3
    torch.testing.assert_close(player(SEEN), before)


def test_refuses_amounts_and_unknown_trunks():
    with pytest.raises(ValueError, match=r"here an action is 2 numbers.*visus train ppo"):
        q_network.build(Observed((3,)), Amounts(np.zeros(2, np.float32), np.ones(2, np.float32)))
    with pytest.raises(LookupError, match=r"no 'mpl' in trunks. Did you mean 'mlp'\?"):
        network(trunk="mpl")


def test_values_are_told_apart_in_half_precision_too():
    player = network()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        values = player(SEEN)
    assert values.dtype == torch.float32
    torch.testing.assert_close(values, player(SEEN), atol=0.01, rtol=0.01)
    assert (values != values.bfloat16().float()).any()
