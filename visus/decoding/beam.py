"""Beam search: keep the best few beginnings, and lengthen all of them at once.

Exact as long as nothing that could have won fell out of the beam. Source: the length penalty is Wu et al., 2016,
equation 14, without the coverage penalty.
"""

import math

import torch
from torch import Tensor

from ._walk import Decoded, State, Step, check


@torch.no_grad()
def decode(
    step: Step, state: State, start: Tensor, end: int, most: int, *, width: int = 5, alpha: float = 0.0
) -> Decoded:
    """The best sequence found of each row; its score is not normalised by the length penalty.

    step, state, start, end, most: as in `greedy`, which this is for width 1. width: beginnings that are kept.
    alpha: strength of the length penalty, 0 for none; sums of log-probabilities favour short sequences, and 0.6 to 1
    makes up for it. Raises ValueError if the beam is wider than the vocabulary.
    """
    check(start, most)
    if width < 1:
        raise ValueError(f"the beam's width must be at least 1; got {width}")
    log_probabilities, state = step(start, state)
    n_rows, n_tokens = log_probabilities.shape
    if width > n_tokens:
        raise ValueError(f"a beam of width {width} is wider than the vocabulary of {n_tokens}; take at most {n_tokens}")
    scores, tokens = log_probabilities.float().topk(width, dim=1)  # (B, W)
    state = tuple(tensor.repeat_interleave(width, 0) for tensor in state)  # (B * W, ...)
    sequences = tokens[:, :, None]  # (B, W, T)
    ended = tokens == end
    lengths = torch.ones_like(tokens)
    first_row = torch.arange(n_rows, device=start.device)[:, None] * width  # of each row's beginnings
    while sequences.shape[2] < most and not _decided(scores, lengths, ended, most, alpha):
        log_probabilities, state = step(sequences[:, :, -1].reshape(-1), state)
        gains = _held(log_probabilities.float().view(n_rows, width, n_tokens), ended, end)
        lengths = lengths + (~ended).long()
        totals = scores[:, :, None] + gains  # (B, W, V)
        best = (totals / _penalty(lengths, alpha)[:, :, None]).flatten(1).topk(width, dim=1).indices  # (B, W)
        parent, tokens = best // n_tokens, best % n_tokens
        scores = totals.flatten(1).gather(1, best)
        lengths, ended = lengths.gather(1, parent), ended.gather(1, parent) | (tokens == end)
        sequences = torch.cat([sequences.gather(1, parent[:, :, None].expand_as(sequences)), tokens[:, :, None]], 2)
        state = tuple(tensor[(first_row + parent).reshape(-1)] for tensor in state)
    winner = (scores / _penalty(lengths, alpha)).argmax(1)
    rows = torch.arange(n_rows, device=start.device)
    found = sequences[rows, winner]
    return Decoded(found[:, : int(lengths[rows, winner].max())], scores[rows, winner])


def _held(gains: Tensor, ended: Tensor, end: int) -> Tensor:
    """Log-probabilities (B, W, V); a beginning (B, W) that has ended goes on with `end` alone, at no cost."""
    gains = gains.masked_fill(ended[:, :, None], -math.inf)
    if end >= 0:
        gains[:, :, end] = gains[:, :, end].masked_fill(ended, 0.0)
    return gains


def _penalty(lengths: Tensor, alpha: float) -> Tensor:
    """What a sum of log-probabilities over so many tokens is divided by."""
    return ((5 + lengths) / 6) ** alpha


def _decided(scores: Tensor, lengths: Tensor, ended: Tensor, most: int, alpha: float) -> bool:
    """Whether in each row the best has ended and no other can overtake it, however long it grows at no further cost."""
    normalised = scores / _penalty(lengths, alpha)
    reachable = scores / _penalty(torch.full_like(lengths, most), max(alpha, 0.0))
    reachable = torch.maximum(reachable, normalised)
    best_ended = normalised.masked_fill(~ended, -math.inf).amax(1)
    best_open = reachable.masked_fill(ended, -math.inf).amax(1)
    return bool((best_ended >= best_open).all())
