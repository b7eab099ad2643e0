"""What makes a batch of tokens a sequence: padding at its ends, targets that are its inputs moved by one, borders."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .tensors import rounded

SHORTEST = 3  # steps; shorter ones have no ends to speak of
PADDED = 0.03  # share of the tokens from which padding is worth a question
ELSEWHERE = 0.02  # share of a token's uses that may lie inside a sequence, if it is to be padding


@dataclass(frozen=True)
class Padding:
    """One token that fills up the ends of sequences. everywhere, after_first: (B, T), true where it does.

    Where sequences are filled up with the token that ends them, the first one of each is a real one: `after_first`.
    """

    token: int
    everywhere: Tensor
    after_first: Tensor

    @property
    def share(self) -> float:
        return float(self.after_first.float().mean())


def are_tokens(found: Any) -> bool:
    """Whether this is a batch of token sequences: whole numbers (B, T)."""
    return (
        isinstance(found, Tensor)
        and found.ndim == 2
        and found.dtype in (torch.int64, torch.int32)
        and found.shape[1] >= SHORTEST
    )


@torch.no_grad()
def padding(targets: Tensor) -> Padding | None:
    """What fills up the ends of these sequences (B, T); None where nothing does, or where it is a number below 0.

    A token that is found at ends only, in runs of unequal length. A text has none: what it ends with comes before, too.
    """
    if not are_tokens(targets) or len(targets) < 2:
        return None
    token = int(targets[:, -1].mode().values)
    same = targets == token
    tail = same.flip(1).cumprod(1).flip(1).bool()
    used, lengths = int(same.sum()), tail.sum(1)
    if token < 0 or used - int(tail.sum()) > ELSEWHERE * used or int(lengths.max()) < 2:
        return None
    if int(lengths.min()) == int(lengths.max()) == targets.shape[1]:
        return None  # one and the same token everywhere is another illness
    first = tail & (tail.cumsum(1) == 1)
    after = tail & ~first if int(lengths.min()) > 0 else tail
    found = Padding(token, tail, after)
    return found if found.share >= PADDED else None


@torch.no_grad()
def moved(inputs: Any, targets: Any) -> dict[str, float]:
    """How far targets are the next inputs ('next') and how far they are the inputs themselves ('same'): shares.

    Asked of tokens (B, T) both, beside padding. A language model's targets are its next inputs.
    """
    if not (are_tokens(inputs) and are_tokens(targets)) or inputs.shape != targets.shape:
        return {}
    real = targets >= 0
    if fill := padding(targets):
        real &= ~fill.everywhere
    inside = real[:, :-1] & real[:, 1:]  # what ends a sequence is asked for, and not shown
    if not bool(inside.any()):
        return {}
    follows = (targets[:, :-1] == inputs[:, 1:])[inside]
    return {
        "next": rounded(float(follows.float().mean())),
        "same": rounded(float((targets == inputs)[real].float().mean())),
    }


class Borders:
    """Do batches of tokens go on where the batch before ended, row by row, as carried states need it?"""

    def __init__(self) -> None:
        self._last: Tensor | None = None

    @torch.no_grad()
    def crossed(self, inputs: Any, targets: Any) -> float | None:
        """Share of the rows whose first input is the target that their row ended with; None where it is not told."""
        last, self._last = self._last, None
        if not (are_tokens(inputs) and are_tokens(targets)) or inputs.shape != targets.shape:
            return None
        self._last = targets[:, -1].detach().clone()
        if last is None or len(last) != len(inputs):
            return None
        return rounded(float((inputs[:, 0] == last).float().mean()))
