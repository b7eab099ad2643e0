"""A finite Markov decision process as tables."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Tables:
    """A finite Markov decision process (Bellman, 1957; Sutton and Barto, 2018, chapter 3).

    moves: float64 (S, A, S), the probability of the next state; each row sums to 1. rewards: float64 (S, A), expected.
    ends: bool (S,), states in which an episode is over; nothing is earned from there on. start: float64 (S,), where
    episodes begin.
    """

    moves: Tensor
    rewards: Tensor
    ends: Tensor
    start: Tensor
