"""Greedy: always the most probable next token."""

from torch import Tensor

from ._walk import Decoded, State, Step, gathered, walk


def decode(step: Step, state: State, start: Tensor, end: int, most: int) -> Decoded:
    """Take the most probable token at each step; the most probable sequence may begin with another one.

    step: (tokens int64 (B,), state) -> (log-probabilities (B, V), state); state: tensors with the batch first;
    start: int64 (B,); end: the token that ends a sequence, -1 for none; most: tokens a sequence at most.
    """
    return gathered(walk(step, state, start, end, most, lambda log_probabilities: log_probabilities.argmax(1)))
