"""Spaces of Gymnasium as Visus has them: observations as arrays, actions counted or measured, transitions as tables."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..geometry.decisions import Tables
from ..geometry.spaces import Actions, Amounts, Choices, Observed

See = Callable[[Any], NDArray[Any]]
Do = Callable[[Any], Any]


MOST_STATES = 20_000  # of which a table is made
MANY_STATES = 2_000  # above, a matrix of all vectors with a one takes too much memory


def seen(space: Any, name: str, counted: bool = False) -> tuple[Observed, See]:
    """What is seen of a space, and what turns an observation into it. Raises ValueError for a space nobody can see.

    A counted observation becomes a vector of zeros with a one; a picture uint8 has its channels first; bytes that are
    no picture become numbers from 0 to 1; what has parts is written one after the other, as `gymnasium.spaces.flatten`
    does. counted: combinations of counted parts are states, so that a table can be learned of them.
    """
    kind = type(space).__name__
    if kind == "Discrete":
        return _counted([int(space.n)], [int(space.start)])
    if counted:
        return _counted(*_parts(space, name))
    if kind == "Box":
        return _measured(space)
    if kind in ("Tuple", "Dict", "MultiDiscrete", "MultiBinary") and space.is_np_flattenable:
        from gymnasium.spaces.utils import flatdim, flatten

        return Observed((int(flatdim(space)),)), lambda given: np.asarray(flatten(space, given), np.float32)
    raise ValueError(
        f"{name} is seen as a {kind}, which has no fixed number of values; give it an observation space of Box, "
        "Discrete, or a Tuple or Dict of these"
    )


def bounds(space: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Lowest and highest values of observations that are measured numbers; None for others."""
    if type(space).__name__ != "Box" or space.dtype == np.uint8:
        return None
    shape = space.shape or (1,)
    return space.low.astype(np.float32).reshape(shape), space.high.astype(np.float32).reshape(shape)


def done(space: Any, name: str, words: tuple[str, ...] = ()) -> tuple[Actions, Do]:
    """What can be done in a space, and what turns an action into the space's. Raises ValueError for other spaces."""
    kind = type(space).__name__
    if kind == "Discrete":
        theirs = [space.dtype.type(k) for k in range(int(space.start), int(space.start) + int(space.n))]
        return Choices(len(theirs), words if len(words) == len(theirs) else ()), lambda action: theirs[action]
    if kind == "Box" and np.issubdtype(space.dtype, np.floating):
        shape, dtype = space.shape, space.dtype
        low, high = (bound.astype(np.float32).ravel() for bound in (space.low, space.high))
        return Amounts(low, high), lambda action: action.reshape(shape).astype(dtype)
    raise ValueError(
        f"{name} is acted in by a {kind}; a player here takes one of n actions (Discrete) or a vector of numbers "
        "(Box): wrap the environment in a file of yours, whose `build` gives such actions"
    )


def tables(
    listed: Mapping[int, Mapping[int, Sequence[tuple[float, int, float, bool]]]],
    start: NDArray[Any],
    actions: Actions,
) -> Tables | None:
    """Transitions as Gymnasium's toy worlds tell them, P[state][action] = [(chance, next, reward, ended), ...].

    There an episode ends with a transition, here in a state. None if a state that can be met is an end at one time and
    not at another, so that no table of states says it.
    """
    assert isinstance(actions, Choices)
    S, A = len(listed), actions.n
    moves, rewards, ends = np.zeros((S, A, S)), np.zeros((S, A)), np.zeros(S, bool)
    passed = np.zeros((S, S), bool)  # from where a state is entered without an end
    for s in range(S):
        for a in range(A):
            for chance, following, reward, ended in listed[s][a]:
                moves[s, a, following] += chance
                rewards[s, a] += chance * reward
                ends[following] |= bool(ended) and chance > 0
                passed[s, following] |= not ended and chance > 0
    first = np.asarray(start, np.float64)
    met = _met(moves, ends, first > 0)
    if (passed[met & ~ends].any(0) & ends).any() or (first[ends] > 0).any():
        return None
    stays = np.eye(S)[:, None, :].repeat(A, 1)
    moves[ends], rewards[ends] = stays[ends], 0.0
    return Tables(torch.from_numpy(moves), torch.from_numpy(rewards), torch.from_numpy(ends), torch.from_numpy(first))


def _met(moves: NDArray[np.float64], ends: NDArray[np.bool_], first: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which states some play can meet, bool (S,)."""
    leads = np.asarray((moves > 0).any(1))  # (S, S)
    met = first.copy()
    while True:
        more = np.logical_or(met, leads[met & ~ends].any(0))
        if (more == met).all():
            return met
        met = more


def _parts(space: Any, name: str) -> tuple[list[int], list[int]]:
    """How many values each counted part has, and its first one. Raises ValueError for what cannot be counted."""
    kind = type(space).__name__
    parts = list(space) if kind == "Tuple" else []
    if parts and all(type(part).__name__ == "Discrete" for part in parts):
        sizes, first = [int(part.n) for part in parts], [int(part.start) for part in parts]
    elif kind in ("MultiDiscrete", "MultiBinary") and len(space.shape) == 1:
        sizes = space.nvec.tolist() if kind == "MultiDiscrete" else [2] * space.n
        first = space.start.tolist() if kind == "MultiDiscrete" else [0] * space.n
    else:
        raise ValueError(f"{name} is seen as a {kind}, which cannot be counted; leave the option counted away")
    if prod(sizes) > MOST_STATES:
        raise ValueError(f"{name} has {prod(sizes)} states, at most {MOST_STATES} are counted; leave counted away")
    return sizes, first


def _counted(sizes: list[int], first: list[int]) -> tuple[Observed, See]:
    n = prod(sizes)
    ones = np.eye(n, dtype=np.float32) if n <= MANY_STATES else None
    weights = [prod(sizes[place + 1 :]) for place in range(len(sizes))]
    if ones is not None:
        ones.setflags(write=False)  # every observation of a state is one row

    def see(given: Any) -> NDArray[Any]:
        parts = (given,) if len(sizes) == 1 and np.ndim(given) == 0 else given
        state = sum((int(part) - low) * weight for part, low, weight in zip(parts, first, weights, strict=True))
        if ones is not None:
            return ones[state]
        shown = np.zeros(n, np.float32)
        shown[state] = 1
        return shown

    return Observed((n,), states=n), see


def _measured(space: Any) -> tuple[Observed, See]:
    shape = tuple(int(side) for side in space.shape)
    if space.dtype == np.uint8 and len(shape) in (2, 3):
        if len(shape) == 2:
            return Observed((1, *shape), "uint8"), lambda given: np.asarray(given)[None].copy()
        if shape[2] <= 4 < shape[0]:
            there = (shape[2], shape[0], shape[1])
            return Observed(there, "uint8"), lambda given: np.ascontiguousarray(np.asarray(given).transpose(2, 0, 1))
        return Observed(shape, "uint8"), lambda given: np.array(given)
    if space.dtype == np.uint8:
        return Observed(shape), lambda given: np.asarray(given, np.float32) / np.float32(255)
    # A copy: some environments go on writing into the array they showed.
    if shape:
        return Observed(shape), lambda given: np.array(given, np.float32)
    return Observed((1,)), lambda given: np.array(given, np.float32).reshape(1)
