"""What all ways of choosing tokens share: the model's step, what comes out, and a walk that keeps one choice a row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

State = tuple[Tensor, ...]  # every tensor has the batch first
Step = Callable[[Tensor, State], tuple[Tensor, State]]  # last tokens (B,), state -> log-probabilities (B, V), state
NO_END = -1  # as `end`: no token ends a sequence, all go on to the full length


@dataclass(frozen=True)
class Decoded:
    """tokens: int64 (B, T), without the start, filled up with `end` behind the first `end`. scores: float32 (B,), the
    sum of the model's own log-probabilities of the tokens up to and with the first `end`, in nats."""

    tokens: Tensor
    scores: Tensor

    def rows(self, end: int) -> list[list[int]]:
        """The tokens of each row before its first `end`."""
        found = self.tokens.tolist()
        return [row[: row.index(end)] if end in row else row for row in found]


def check(start: Tensor, most: int) -> None:
    """Raise ValueError for a start that is no row of tokens, or a length that is none."""
    if start.ndim != 1 or start.dtype != torch.int64 or not len(start):
        raise ValueError(f"start must be int64 (B,) with B at least 1; got {start.dtype} {tuple(start.shape)}")
    if most < 1:
        raise ValueError(f"most, the greatest number of tokens, must be at least 1; got {most}")


@torch.no_grad()
def walk(
    step: Step, state: State, start: Tensor, end: int, most: int, choose: Callable[[Tensor], Tensor]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the next token (B,) of each row and its log-probability (B,), at most `most` times, as they are made.

    choose: log-probabilities (B, V) -> tokens (B,). A row that has ended yields `end` at log-probability 0; the walk
    ends when all have.
    """
    check(start, most)
    tokens, ended = start, torch.zeros_like(start, dtype=torch.bool)
    for _ in range(most):
        log_probabilities, state = step(tokens, state)
        tokens = choose(log_probabilities)
        gained = log_probabilities.gather(1, tokens[:, None])[:, 0].float()
        tokens, gained = tokens.masked_fill(ended, end), gained.masked_fill(ended, 0.0)
        ended = ended | (tokens == end)
        yield tokens, gained
        if bool(ended.all()):
            return


def gathered(steps: Iterator[tuple[Tensor, Tensor]]) -> Decoded:
    """What a walk yielded, as one."""
    tokens, gained = zip(*steps, strict=True)
    return Decoded(torch.stack(tokens, 1), torch.stack(gained, 1).sum(1))
