"""Columns of a table as what a model is to tell: numbers, or attributes that are there or not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..collection import ATTRIBUTES, NUMBERS

YES = {"1", "1.0", "yes", "true"}
NO = {"0", "0.0", "no", "false", "-1"}  # -1: how CelebA and others write that an attribute is not there
MANY = 10  # different values: a column of more of them holds numbers, not categories
MOST_CATEGORIES = 50  # of one column; a one-hot column each
BINS, FEWEST_IN_BIN = 5, 20  # strata of a number, and pictures in each
FEWEST_ALIKE = 10  # pictures with one pattern of attributes; rarer patterns are one stratum together


@dataclass(frozen=True)
class Column:
    """One column: its name, and N (line in the table, text)."""

    name: str
    cells: Sequence[tuple[int, str]]


@dataclass(frozen=True)
class Targets:
    """values: float32 (N, T), called names. strata: (N,) indices into words, parts of like targets."""

    kind: str
    values: NDArray[np.float32]
    names: list[str]
    strata: NDArray[np.int64]
    words: list[str]


def read(columns: Sequence[Column], kind: str = "") -> Targets:
    """The columns as numbers or as attributes; without a kind, as what they look like.

    Raises ValueError that names line and column: for an empty cell, text among numbers, a column that never changes.
    """
    for column in columns:
        _check(column)
    kind = kind or _kind(columns)
    if kind == NUMBERS:
        values = np.array([_numbers(column) for column in columns]).T
        return Targets(
            kind, values.astype(np.float32), [c.name for c in columns], *_bins(columns[0].name, values[:, 0])
        )
    found = [entry for column in columns for entry in _attributes(column)]
    values = np.array([there for _, there in found], dtype=np.float32).T
    names = [name for name, _ in found]
    return Targets(ATTRIBUTES, values, names, *_patterns(names, values))


def _check(column: Column) -> None:
    for line, text in column.cells:
        if not text:
            raise ValueError(f"line {line}: '{column.name}' is empty; fill it in or remove the line")
    if len({text for _, text in column.cells}) == 1:
        value = column.cells[0][1]
        raise ValueError(
            f"every picture has {column.name} {value}, so there is nothing to tell; leave '{column.name}' out of "
            "targets, or add pictures with other values"
        )


def _kind(columns: Sequence[Column]) -> str:
    numeric = {c.name: _is_number(c) for c in columns}
    if all(numeric.values()):
        return NUMBERS
    if not any(numeric.values()):
        return ATTRIBUTES
    number = next(name for name, yes in numeric.items() if yes)
    other = next(name for name, yes in numeric.items() if not yes)
    raise ValueError(
        f"'{number}' looks like a number and '{other}' like categories, and one model tells one kind; make a run of "
        "each, or say which with task=regress or task=attributes"
    )


def _is_number(column: Column) -> bool:
    """Whether a column holds numbers rather than the names of categories: many different ones, or fractions."""
    different = {text for _, text in column.cells}
    values = [_float(text) for text in different]
    if any(math.isnan(value) for value in values):
        return False
    return len(different) > MANY or any(value != int(value) for value in values)


def _numbers(column: Column) -> list[float]:
    found = []
    for line, text in column.cells:
        value = _float(text)
        if math.isnan(value):
            raise ValueError(
                f"line {line}: '{column.name}' must be a number; got '{text}' (categories are told by task=attributes)"
            )
        found.append(value)
    return found


def _float(text: str) -> float:
    """NaN for what is no finite number."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if abs(value) < 1e30 else math.nan


def _attributes(column: Column) -> list[tuple[str, list[bool]]]:
    """(name, whether each picture has it): the column itself if it says yes or no, else one for each category."""
    texts = [text for _, text in column.cells]
    different = sorted(set(texts))
    if {text.lower() for text in different} <= YES | NO:
        there = [text.lower() in YES for text in texts]
        if len(set(there)) == 1:
            raise ValueError(
                f"'{column.name}' says {'yes' if there[0] else 'no'} for every picture, so there is nothing to tell; "
                "leave it out of targets"
            )
        return [(column.name, there)]
    if len(different) > MOST_CATEGORIES:
        raise ValueError(
            f"'{column.name}' has {len(different)} different values, more than the {MOST_CATEGORIES} that are told "
            "apart as categories; take task=regress if they are numbers"
        )
    return [(f"{column.name}={value}", [text == value for text in texts]) for value in different]


def _bins(name: str, values: NDArray[np.float64]) -> tuple[NDArray[np.int64], list[str]]:
    """Bins of equally many pictures, so that every part of a split spans the range."""
    n = int(np.clip(len(values) // FEWEST_IN_BIN, 2, BINS))
    edges = np.unique(np.quantile(values, np.arange(1, n) / n))
    edges = edges[edges > values.min()]
    if not len(edges):  # most pictures share the smallest value
        edges = np.array([values[values > values.min()].min()])
    strata = np.digitize(values, edges).astype(np.int64)
    strata = np.unique(strata, return_inverse=True)[1].astype(np.int64)
    inside = [values[strata == s] for s in range(int(strata.max()) + 1)]
    return strata, [f"{name} {some.min():g} to {some.max():g}" for some in inside]


def _patterns(names: Sequence[str], values: NDArray[np.float32]) -> tuple[NDArray[np.int64], list[str]]:
    """Pictures with the same attributes; rare patterns together. Where all are rare, the first attribute alone."""
    patterns, place, counts = np.unique(values, axis=0, return_inverse=True, return_counts=True)
    place = place.reshape(-1)
    common = np.flatnonzero(counts >= FEWEST_ALIKE)
    if len(common) < 2:
        return values[:, 0].astype(np.int64), [f"without {names[0]}", f"with {names[0]}"]
    said = [" + ".join(n for n, there in zip(names, row) if there) or "none of them" for row in patterns[common]]
    stratum = np.full(len(patterns), len(common), dtype=np.int64)
    stratum[common] = np.arange(len(common))
    others = int(counts.sum() - counts[common].sum())
    if 0 < others < FEWEST_ALIKE:
        stratum[stratum == len(common)] = 0  # too few for a stratum of their own
    return stratum[place], said + ["other combinations"] * (others >= FEWEST_ALIKE)
