"""What is earned from a step on: returns, advantages and targets. Time is the first dimension, worlds the second."""

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
