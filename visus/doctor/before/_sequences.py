"""Which columns of a batch are sequences of tokens, and which of them are asked for?"""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ...engine.objective import Batch
from ..instruments.consultation import LANGUAGE
from ..instruments.sequences import are_tokens, moved
from ._look import Look

PLACES = (
    ("vocabulary",),
    ("data", "vocabulary"),
    ("data", "prepared", "vocabulary"),
    ("data", "prepared", "target_vocabulary"),
)


def asked(batch: Batch, seen: Look) -> Tensor | None:
    """The tokens (B, T) that enter the loss: the column whose numbers its targets are, up to what it leaves out."""
    for column in reversed(batch):
        if not are_tokens(column):
            continue
        for call in seen.losses:
            targets = call.targets.detach()
            if targets.is_floating_point() or targets.numel() != column.numel():
                continue
            flat, told = column.reshape(-1), targets.reshape(-1)
            if bool(((flat == told) | (told < 0)).all()):
                return column
    return None


def shown(batch: Batch, targets: Tensor) -> int | None:
    """Which column is shown while its next tokens are asked for; None if none is."""
    found = ((i, moved(column, targets).get("next", 0.0)) for i, column in enumerate(batch) if column is not targets)
    return next((i for i, share in found if share >= LANGUAGE), None)


def unforeseeable(batch: Batch, seen: Look) -> float:
    """Nats of a token, of those asked for, that nobody can know from what is shown of these few sequences before it.

    After one and the same beginning several tokens may follow; what else is shown, such as a picture, tells sequences
    apart. 0 where no next token is asked for.
    """
    targets = asked(batch, seen)
    at = shown(batch, targets) if targets is not None else None
    if targets is None or at is None:
        return 0.0
    besides = [c for i, c in enumerate(batch) if i != at and c is not targets and c.ndim > 1]
    rows = [str([c[row].tolist() for c in besides]) for row in range(len(targets))]
    told = next(call.targets for call in seen.losses if call.targets.numel() == targets.numel()).reshape(targets.shape)
    nats, n = 0.0, 0
    for step in range(targets.shape[1]):
        ways: dict[tuple[object, ...], Counter[int]] = {}
        for row, besides_it in enumerate(rows):
            if int(told[row, step]) >= 0:
                ways.setdefault((besides_it, *batch[at][row, : step + 1].tolist()), Counter())[
                    int(told[row, step])
                ] += 1
        for counts in ways.values():
            total = counts.total()
            n += total
            nats -= sum(count * math.log(count / total) for count in counts.values())
    return nats / max(1, n)


def answers(seen: Look, targets: Tensor) -> Tensor | None:
    """What was answered for each of these tokens: (B T, V) with its graph, from what enters the loss or the network."""
    n = targets.numel()
    for made in (*(call.outputs for call in seen.losses), seen.outputs):
        if made is None or not made.requires_grad or made.ndim < 2:
            continue
        if made.ndim == 2 and len(made) == n:
            return made
        if made.ndim == 3 and made.shape[:2] == targets.shape:
            return made
        if made.ndim == 3 and (made.shape[0], made.shape[2]) == targets.shape:
            return made
    return None


def by_token(found: Tensor, targets: Tensor) -> Tensor:
    """(B, T, V) of scores, or of their gradients, in any of the forms that `answers` knows."""
    if found.ndim == 2:
        return found.unflatten(0, targets.shape)
    return found if found.shape[:2] == targets.shape else found.transpose(1, 2)


def vocabulary(task: nn.Module) -> Any:
    """What knows the words of a task, where tasks keep it; None for numbers without names."""
    for path in PLACES:
        found: Any = task
        for name in path:
            found = getattr(found, name, None)
        if found is not None:
            return found
    return None


def token_columns(batch: Batch) -> Iterator[tuple[int, Tensor]]:
    return ((i, column) for i, column in enumerate(batch) if are_tokens(column))


def later_changed(tokens: Tensor) -> Tensor:
    """The same beginnings with other ends, of the tokens that there are."""
    half = tokens.shape[1] // 2
    found = tokens.clone()
    found[:, half:] = torch.roll(tokens[:, half:].flip(1), 1, 0)
    return found
