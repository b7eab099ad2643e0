"""Cells that track something: which units of the state say where in a line, a word, a quotation the text is.

Each unit of each layer is compared with each property of the text. The best unit is chosen on the first half and scored
on the second, which it was not chosen for. Two controls are measured in the same way: the same network with fresh
random weights (what the symbols alone give away: a random unit knows a capital letter from a small one), and the
property moved along the text by a random distance (what the best of a thousand units reaches by luck). A unit is said
to track a property only if it is far above both.

Score: for what holds or not, the area under the ROC curve, from 0.5 for chance to 1; for an amount, the correlation of
ranks (Spearman), from 0 to 1. Both are of the better sign: a unit may be low where the property holds.

Source: Karpathy, Johnson and Fei-Fei, 2015, section 4.2, who looked for such cells by eye.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ._properties import PROPERTIES, Values
from ._reading import Passage, Reading, Rows, refuse_short, states

Ranks = NDArray[np.float32]

LEAST = 2_000  # symbols; fewer leave too little to choose and to score on
MOST = 20_000  # symbols that are read: each unit needs its rank at each of them
RAREST = 0.005  # share of places; what holds at fewer, or fails at fewer, is left out
TRACKS_HOLDS, TRACKS_AMOUNT = 0.90, 0.60  # scores from which a unit may be said to track
MISSING = 1 / 4  # and it lacks at most this share of what the better of its controls lacks of a perfect score
FULL = 2.0  # standard deviations from the mean that have the full colour
SHOWN = 900  # symbols of each passage
NO_PROPERTY = "none of the properties asked for stands in this text often enough to be tracked"


@dataclass(frozen=True)
class Found:
    """The unit that fits a property best. layer and unit count from 1. control: `untrained` and `moved` scores."""

    name: str
    amount: bool
    share: float
    layer: int
    unit: int
    sign: int
    score: float
    untrained: float
    moved: float

    @property
    def tracks(self) -> bool:
        """Whether the unit is far better than both controls, and good."""
        least = TRACKS_AMOUNT if self.amount else TRACKS_HOLDS
        return self.score >= least and 1 - self.score <= MISSING * (1 - max(self.untrained, self.moved))

    @property
    def where(self) -> str:
        return f"layer {self.layer}, unit {self.unit}"


def read(
    network: nn.Module,
    ids: Tensor,
    symbols: Sequence[str],
    show: Callable[[float], None] = lambda share: None,
    *,
    most: int = MOST,
    best: int = 4,
    seed: int = 0,
) -> Reading:
    """Find, score and show the units of a language model that track a property of the text.

    ids: int64 (T,), a text the model was not trained on; the first `most` symbols are read. best: passages shown.
    Raises ValueError for a text of fewer than 2000 symbols, or one in which no property can be told.
    """
    refuse_short(ids, LEAST, "looking for cells")
    ids = ids[:most]
    text = [symbols[i] for i in ids.tolist()]
    units = look(network, ids)
    show(0.4)
    fresh = look(untrained(network, seed), ids)
    show(0.8)
    found = search(units, fresh, text, seed)
    show(1.0)
    if not found:
        raise ValueError(f"{NO_PROPERTY}; give a longer text, or one of another kind")
    tracked = [one for one in found if one.tracks]
    return Reading(
        _said(found, tracked, units[0].size, len(ids)),
        [_passage(one, units, text) for one in (tracked or found)[:best]],
        tables=[_table(found)],
        data={"cells": [_facts(one) for one in found], "symbols": len(ids), "units": units[0].size},
    )


def look(network: nn.Module, ids: Tensor) -> NDArray[np.float32]:
    """What each unit holds behind each symbol, (T, layers, H): the cells of an LSTM, else the hidden values."""
    return states(network, ids)[-1]  # of an LSTM's hidden values and cells, the cells, which carry what is kept


def untrained(network: nn.Module, seed: int = 0) -> nn.Module:
    """A copy with fresh random weights, as before training."""
    fresh = copy.deepcopy(network)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in fresh.modules():
            reset = getattr(module, "reset_parameters", None)
            if callable(reset):
                reset()
    return fresh


def search(units: NDArray[np.float32], fresh: NDArray[np.float32], text: Sequence[str], seed: int = 0) -> list[Found]:
    """The best unit of each property that is neither rare nor everywhere, those that track first, then by score.

    units, fresh: (T, layers, H) of the trained and the untrained network.
    """
    rng = np.random.default_rng(seed)
    values = {name: (make(text), amount) for name, (make, amount) in PROPERTIES.items()}
    told = {name: (value, amount) for name, (value, amount) in values.items() if _tellable(value, amount)}
    if not told:
        return []
    away = rng.integers(len(text) // 4, 3 * len(text) // 4, len(told))
    moved = {name: np.roll(value, by) for (name, (value, _)), by in zip(told.items(), away, strict=True)}
    plain = {name: value for name, (value, _) in told.items()}
    trained = _ranked_halves(units)
    own, lucky, random = _best(trained, plain), _best(trained, moved), _best(_ranked_halves(fresh), plain)
    found = []
    for name, (value, amount) in told.items():
        column, sign, _ = own[name]
        scores = (_as_score(one[name][2], amount) for one in (own, random, lucky))
        place = divmod(column, units.shape[2])
        share = float(np.nanmean(value > np.nanmedian(value) if amount else value))
        found.append(Found(name, amount, share, place[0] + 1, place[1] + 1, sign, *scores))
    return sorted(found, key=lambda one: (not one.tracks, -one.score))


def _tellable(value: Values, amount: bool) -> bool:
    """Whether both halves of the text have enough of both."""
    halves = np.array_split(value[np.isfinite(value)], 2)
    if amount:
        return all(np.mean(half != np.median(half)) >= RAREST for half in halves)
    return all(RAREST <= half.mean() <= 1 - RAREST for half in halves)


def _best(halves: Sequence[Ranks], properties: Mapping[str, Values]) -> dict[str, tuple[int, int, float]]:
    """For each property (column, sign, fit on the second half) of the unit that fits it best on the first."""
    middle = halves[0].shape[1]
    values = list(properties.values())
    chosen, scored = _fits(halves[0], [v[:middle] for v in values]), _fits(halves[1], [v[middle:] for v in values])
    found = {}
    for row, name in enumerate(properties):
        column = int(np.abs(chosen[row]).argmax())
        sign = 1 if chosen[row, column] >= 0 else -1
        found[name] = column, sign, max(0.0, float(sign * scored[row, column]))
    return found


def _fits(ranks: Ranks, values: Sequence[Values]) -> NDArray[np.float32]:
    """(properties, U): 2 AUC - 1 for what holds or not, Spearman's correlation for an amount."""
    weights = np.stack([_weights(value, ranks.shape[1]) for value in values]).astype(np.float32)
    fits: NDArray[np.float32] = weights @ ranks.T
    return fits


def _weights(value: Values, n: int) -> NDArray[np.float64]:
    """What each place counts, so that the sum of weights times ranks is the fit."""
    known = np.isfinite(value)
    if np.isin(value[known], (0, 1)).all():
        # of ranks from -1 to 1, the mean of those that hold less that of the others is 2 AUC - 1
        holds, fails = value == 1, value == 0
        return np.asarray(holds / holds.sum() - fails / fails.sum(), np.float64)
    own = _ranks(np.where(known, value, np.nanmedian(value))[:, None].astype(np.float32))[0].astype(np.float64)
    return own / np.maximum(np.sqrt((own**2).sum() * n / 3), 1e-12)  # n / 3: the sum of squares of ranks without ties


def _ranked_halves(units: NDArray[np.float32]) -> list[Ranks]:
    flat = units.reshape(len(units), -1)
    return [_ranks(half) for half in np.array_split(flat, 2)]


def _ranks(values: NDArray[np.float32]) -> Ranks:
    """(T, U) -> (U, T): the rank of each value among those of its unit, from -1 to 1; ties share theirs."""
    from scipy.stats import rankdata

    by_unit = np.ascontiguousarray(values.T)
    n = len(values)
    for row in by_unit:  # one at a time: all in float64 would be large
        row[:] = (2 * rankdata(row) - n - 1) / n
    return by_unit


def _as_score(fit: float, amount: bool) -> float:
    return fit if amount else (fit + 1) / 2


def _said(found: Sequence[Found], tracked: Sequence[Found], n_units: int, n_symbols: int) -> list[str]:
    lead = f"{n_units:,} units were compared with {len(found)} properties over {n_symbols:,} symbols. "
    if not tracked:
        return [
            lead + "No unit is far above its controls: what this network knows, it does not keep in single units, or "
            "it has not learned enough."
        ]
    said = [f"{lead}{len(tracked)} of them are tracked by a single unit."]
    for one in tracked:
        way = "" if one.sign > 0 else ", low where it holds" if not one.amount else ", falling as it grows"
        what = "rank correlation" if one.amount else "AUC"
        said.append(
            f"{one.name[0].upper()}{one.name[1:]}: {one.where}{way}, {what} {one.score:.2f} on text it was not "
            f"chosen for; untrained network {one.untrained:.2f}, property moved {one.moved:.2f}."
        )
    return said


def _table(found: Sequence[Found]) -> Rows:
    rows = [
        [
            one.name,
            f"{one.score:.2f}",
            f"{one.untrained:.2f}",
            f"{one.moved:.2f}",
            "yes" if one.tracks else "no",
            one.where,
            "rank correlation" if one.amount else "AUC",
        ]
        for one in found
    ]
    reading = (
        "The unit that fits each property best on the first half of the text, scored on the second. AUC: 0.5 is "
        "chance, 1 perfect; rank correlation: 0 is chance, 1 perfect. Untrained: the best unit of the same network "
        "with random weights. Moved: the best fit to the property moved along the text, which is luck. Tracked: at "
        "least 0.90 (AUC) or 0.60 (correlation), lacking at most a quarter of what the better of the two lacks of 1."
    )
    headings = ["Property", "Score", "Untrained", "Moved", "Tracked", "Best unit", "The score is"]
    return Rows("What single units track", headings, rows, reading)


def _passage(one: Found, units: NDArray[np.float32], text: Sequence[str]) -> Passage:
    """Where the property changes: a stretch of the second half that begins shortly before it holds."""
    value, _ = PROPERTIES[one.name]
    half = len(text) // 2
    holds = value(text)[half:]
    first = int(np.argmax(np.nan_to_num(holds) > (np.nanmedian(holds) if one.amount else 0.5)))
    start = half + max(0, min(first - 100, len(text) - half - SHOWN))
    held = units[:, one.layer - 1, one.unit - 1].astype(np.float64)
    # cells have no common scale: tanh would show most of them as two colours only
    values = np.clip((held - held.mean()) / (FULL * max(held.std(), 1e-12)), -1, 1)[start : start + SHOWN]
    low = "" if one.sign > 0 else "It is low where the property is high. "
    reading = (
        f"{one.where[0].upper()}{one.where[1:]}: what it holds behind each symbol: blue above its mean, "
        f"red below, full at {FULL:g} standard deviations. {low}"
        f"Score {one.score:.2f}; untrained {one.untrained:.2f}."
    )
    return Passage(f"{one.name[0].upper()}{one.name[1:]}", text[start : start + SHOWN], values, reading)


def _facts(one: Found) -> dict[str, object]:
    return {
        "property": one.name,
        "measure": "rank correlation" if one.amount else "AUC",
        "layer": one.layer,
        "unit": one.unit,
        "sign": one.sign,
        "score": one.score,
        "untrained": one.untrained,
        "moved": one.moved,
        "tracks": one.tracks,
    }
