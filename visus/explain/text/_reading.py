"""What a technique gives back, and how a language model is run over a text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...engine.task import evaluation_mode

Floats = NDArray[np.float64]
CHUNK = 100  # steps run at once: bounds the memory that scores of many symbols take


@dataclass(frozen=True)
class Passage:
    """A text with a number for each of its symbols: values (T,) in [-1, 1], blue above 0 and red below it."""

    title: str
    symbols: Sequence[str]
    values: Floats
    reading: str


@dataclass(frozen=True)
class Curve:
    """Values y (n,) over x (n,), with the words on both axes."""

    title: str
    x: Floats
    y: Floats
    axes: tuple[str, str]
    reading: str


@dataclass(frozen=True)
class Rows:
    """A table in words and numbers as they are to be read."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    reading: str


@dataclass(frozen=True)
class Reading:
    """findings: sentences, each with the number that was measured. data: the numbers, JSON-ready."""

    findings: Sequence[str]
    passages: Sequence[Passage] = ()
    curves: Sequence[Curve] = ()
    tables: Sequence[Rows] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


def refuse_short(ids: Tensor, least: int, what: str) -> None:
    """Raise ValueError, in one sentence, for a text of fewer than `least` symbols."""
    if ids.ndim != 1 or len(ids) < least:
        raise ValueError(f"{what} needs a text of at least {least} symbols; got {len(ids)}: give a longer one")


@torch.no_grad()
def surprise(network: nn.Module, ids: Tensor, state: Any = None) -> Floats:
    """Minus the log-probability of each symbol but the first given all before it, in nats: (T,) -> (T - 1,)."""
    found = []
    with evaluation_mode(network):
        for start in range(0, len(ids) - 1, CHUNK):
            piece = ids[start : start + CHUNK + 1]
            scores, state = network(piece[None, :-1], state)
            found.append(nn.functional.cross_entropy(scores[0].float(), piece[1:], reduction="none"))
    return torch.cat(found).double().cpu().numpy() if found else np.empty(0)


@torch.no_grad()
def states(network: nn.Module, ids: Tensor, lanes: int = 32, before: int = 100) -> list[NDArray[np.float32]]:
    """Each tensor of the state behind each symbol: (T, layers, H). For an LSTM the hidden values, then the cells.

    The text is read in `lanes` pieces side by side; each begins `before` symbols early, so that its state is not empty.
    """
    lanes = max(1, min(lanes, len(ids) // (2 * before)))
    length = -(-len(ids) // lanes)
    places = torch.arange(-before, length) + length * torch.arange(lanes)[:, None]
    tokens = ids[places.clamp(0, len(ids) - 1)]
    seen: list[list[Tensor]] = []
    state: Any = None
    with evaluation_mode(network):
        for t in range(tokens.shape[1]):
            if t == before:
                # the first lane has nothing before it: it begins at rest, as the text does
                state = None if state is None else tuple(_first_at_rest(s) for s in state)
            _, state = network(tokens[:, t : t + 1], state)
            if t >= before:
                seen.append([s.float().cpu() for s in state])
    return [_in_order(torch.stack(each, 1), len(ids)) for each in zip(*seen, strict=True)]


def _first_at_rest(state: Tensor) -> Tensor:
    state = state.clone()
    state[0] = 0
    return state


def _in_order(values: Tensor, length: int) -> NDArray[np.float32]:
    """(lanes, T / lanes, layers, H) -> (T, layers, H)."""
    found: NDArray[np.float32] = values.flatten(0, 1)[:length].numpy()
    return found
