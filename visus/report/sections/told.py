"""The test of a model that tells numbers or attributes, looked at closely: how far off, and with which pictures."""

from typing import Any

import numpy as np

from ..figures import told as figures
from ..pictures import data_uri
from ..record import Record, mapping, number, sequence
from ..wording import percent
from .outcome import Outcome

MAX_PICTURES = 12  # in each gallery


def sentence(record: Record, outcome: Outcome, pictures: str) -> str:
    """The headline in words."""
    shown = mapping(record.detail("test").get("figures"))
    if outcome.measure == "mean average precision":
        right = percent(record.detail("test").get("right"))
        return (
            f"On {pictures} the mean average precision over {len(shown)} attributes is {percent(outcome.accuracy)} "
            f"(95 % interval {percent(outcome.low)} to {percent(outcome.high)}); {right} of all answers are right."
        )
    off = [
        f"{name} by {_plain(mapping(each).get('mae'))}, on average"
        for name, each in shown.items()
        if np.isfinite(number(mapping(mapping(each).get("mae")).get("value")))
    ]
    explains = f"explains {percent(outcome.accuracy)} of the differences between them (R2"
    ends = f"95 % interval {percent(outcome.low)} to {percent(outcome.high)})"
    return f"On {pictures} the network misses {', '.join(off)}, and {explains}, {ends}."


def gather(record: Record) -> dict[str, Any] | None:
    """Charts, the table and the galleries; None if the model tells classes or was not tested."""
    if "test.numbers" in record.tensors:
        return _numbers(record)
    return _attributes(record) if "test.chances" in record.tensors else None


def _numbers(record: Record) -> dict[str, Any] | None:
    said, true = record.tensors["test.numbers"], record.tensors.get("test.truth")
    if true is None or said.ndim != 2 or said.shape != true.shape or not len(said):
        return None
    names = _names(record, said.shape[1])
    charts = []
    for t, name in enumerate(names):
        charts += [figures.scatter(name, said[:, t], true[:, t]), figures.errors(name, said[:, t] - true[:, t])]
    deviation = np.maximum(true.std(0), 1e-12)
    off = np.abs(said - true) / deviation

    def card(row: int, picture: int) -> dict[str, Any]:
        told = [{"name": n, "said": said[row, t], "truth": true[row, t]} for t, n in enumerate(names)]
        return {**_picture(record, row, picture), "told": told, "off": float(off[row].mean())}

    cards = sorted((card(row, picture) for row, picture in _kept(record, len(said))), key=lambda c: -c["off"])
    half = min(MAX_PICTURES, (len(cards) + 1) // 2)
    return {
        "kind": "numbers",
        "charts": charts,
        "rows": _rows(record, names, ("mae", "rmse", "r2")),
        "worst": cards[:half],
        "best": cards[half:][::-1][:half],
    }


def _attributes(record: Record) -> dict[str, Any] | None:
    chances, there = record.tensors["test.chances"], record.tensors.get("test.attributes")
    if there is None or chances.ndim != 2 or chances.shape != there.shape or not len(chances):
        return None
    names = _names(record, chances.shape[1])
    rows = _rows(record, names, ("accuracy", "precision", "recall", "f1"))
    wrong = np.abs(chances - there)

    def card(row: int, picture: int) -> dict[str, Any]:
        a = int(wrong[row].argmax())
        there_is = "there" if there[row, a] > 0.5 else "not there"
        surest = {"name": names[a], "chance": float(chances[row, a]), "truth": there_is}
        return {**_picture(record, row, picture), "surest": surest, "off": float(wrong[row, a])}

    cards = sorted((card(row, picture) for row, picture in _kept(record, len(chances))), key=lambda c: -c["off"])
    return {
        "kind": "attributes",
        "charts": [
            figures.attributes([row["name"] for row in rows], _shares(rows), there.mean(0)[_order(rows, names)])
        ],
        "rows": rows,
        "worst": [card for card in cards if card["off"] > 0.5][:MAX_PICTURES],
        "best": [],
    }


def _rows(record: Record, names: list[str], wanted: tuple[str, ...]) -> list[dict[str, Any]]:
    """One row for each number or attribute, its figures with their intervals; None where there is no answer."""
    shown = mapping(record.detail("test").get("figures"))
    rows = []
    for name in names:
        each = mapping(shown.get(name))
        cells = []
        for what in wanted:
            value, low, high = (number(mapping(each.get(what)).get(end)) for end in ("value", "low", "high"))
            cells.append({"value": value, "low": low, "high": high} if np.isfinite(value) else None)
        extra = {"average_precision": number(each.get("average_precision")), "n": number(each.get("n"))}
        rows.append({"name": name, "cells": cells, **extra})
    return sorted(rows, key=lambda row: np.nan_to_num(row["average_precision"], nan=2.0)) if "f1" in wanted else rows


def _order(rows: list[dict[str, Any]], names: list[str]) -> list[int]:
    return [names.index(row["name"]) for row in rows]


def _shares(rows: list[dict[str, Any]]) -> list[float]:
    return [row["average_precision"] for row in rows]


def _names(record: Record, n: int) -> list[str]:
    return (record.classes + [f"output {k + 1}" for k in range(len(record.classes), n)])[:n]


def _kept(record: Record, n: int) -> list[tuple[int, int]]:
    """(row in the test part, place among the pictures) of those whose picture was kept."""
    rows, pictures = record.tensors.get("gallery.rows"), record.tensors.get("gallery.images")
    if rows is None or pictures is None or pictures.ndim != 4 or len(rows) != len(pictures):
        return []
    return [(int(row), place) for place, row in enumerate(rows) if 0 <= row < n]


def _picture(record: Record, row: int, place: int) -> dict[str, Any]:
    files = sequence(record.facts.get("test.names"))
    name = files[row] if row < len(files) else f"test picture {row}"
    return {"picture": data_uri(record.tensors["gallery.images"][place]), "name": name}


def _plain(figure: object) -> str:
    return f"{number(mapping(figure).get('value')):.3g}"
