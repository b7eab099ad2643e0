"""What is earned from a step on: returns, advantages and targets. Time is the first dimension, worlds the second."""

from typing import NamedTuple

import torch
from torch import Tensor


def discounted_returns(rewards: Tensor, gamma: float) -> Tensor:
    """G_t = r_t + gamma G_(t+1) of one whole episode, (T,) or (T, n), in the precision of the rewards."""
    found = torch.empty_like(rewards)
    follows = torch.zeros_like(rewards[0])
    for t in range(len(rewards) - 1, -1, -1):
        follows = rewards[t] + gamma * follows
        found[t] = follows
    return found


class Advantages(NamedTuple):
    """What policies and values learn from a stretch of steps, (T, n) each.

    advantages: how much more was earned than expected. returns: what the values are to become.
    """

    advantages: Tensor
    returns: Tensor


def reward_to_go(rewards: Tensor, broken: Tensor, gamma: float, beyond: Tensor | None = None) -> Tensor:
    """G_t = r_t + gamma G_(t+1) of a stretch of steps in which episodes follow one another, (T, n).

    broken: bool (T, n), whether the next step belongs to another episode, or to none. beyond: (T, n), what is worth at
    a broken step what would have followed; without it nothing follows.
    """
    earned = rewards if beyond is None else rewards + gamma * torch.where(broken, beyond, 0)
    return _accumulated(earned, gamma * (~broken).to(rewards))


def lambda_advantages(
    rewards: Tensor,
    values: Tensor,
    reached: Tensor,
    ended: Tensor,
    over: Tensor,
    gamma: float,
    gae_lambda: float = 0.95,
) -> Advantages:
    """Generalised advantages, sums of temporal differences of which later ones count less, and lambda-returns.

    All are (T, n). values: of what was seen before the step. reached: of what the step led to; it is not read where the
    world has ended, and is all that stands for the future where a time limit cut the episode or the stretch is at its
    end. ended: nothing lies beyond. over: a new episode follows. lambda = 0 is the temporal difference alone, little
    variance and the bias of the values; lambda = 1 is all that was earned, less the value. Raises ValueError where the
    shapes differ. Source: Schulman et al., 2016, equation 16.
    """
    told = {"values": values, "reached": reached, "ended": ended, "over": over}
    for name, tensor in told.items():
        if tensor.shape != rewards.shape:
            raise ValueError(
                f"rewards are {tuple(rewards.shape)} and {name} {tuple(tensor.shape)}; both are (steps, worlds)"
            )
    surprises = rewards + gamma * torch.where(ended, 0, reached) - values
    advantages = _accumulated(surprises, gamma * gae_lambda * (~(ended | over)).to(rewards))
    return Advantages(advantages, advantages + values)


def n_step_returns(rewards: Tensor, reached: Tensor, ended: Tensor, over: Tensor, gamma: float, n_steps: int) -> Tensor:
    """n rewards, discounted, and the value of where they led: (T, n), less than n of them at the end of an episode.

    What is handed over is as for `lambda_advantages`. Source: Sutton and Barto, 2018, equation 7.1.
    """
    if n_steps < 1:
        raise ValueError(f"at least 1 reward is summed; got n_steps={n_steps}")
    earned, last = rewards.clone(), torch.where(ended, 0, reached)
    goes_on = ~(ended | over)
    goes_on[-1] = False  # what follows the stretch is not known
    # Each round looks one step further: what step t earns in k + 1 steps is r_t and what step t + 1 earns in k.
    found = earned + gamma * last
    for _ in range(n_steps - 1):
        following = torch.cat([found[1:], found[-1:]])
        found = torch.where(goes_on, earned + gamma * following, earned + gamma * last)
    return found


def _accumulated(parts: Tensor, kept: Tensor) -> Tensor:
    """x_t = parts_t + kept_t x_(t+1), from the last step back."""
    found = torch.empty_like(parts)
    follows = torch.zeros_like(parts[0])
    for part, share, place in zip(*(reversed(each.unbind()) for each in (parts, kept, found)), strict=True):
        follows = torch.addcmul(part, share, follows, out=place)
    return found
