"""The test of a detector: figures, classes, kinds of mistakes, and pictures of what was found beside what is marked."""

from typing import Any

import numpy as np

from ..figures.chart import Chart
from ..figures.confusion import confusion
from ..figures.detection import ClassBar, class_bars, curves, mistakes
from ..pictures import photo_uri
from ..record import Record, mapping, number, sequence
from ..wording import percent

FACTS, CURVES, CONFUSION, PAIRS = "detection", "detection.curves", "detection.confusion", "detection.picture."
MOST_CURVES = 7  # lines that can be told apart
NOTHING = "nothing"
KINDS = {
    "worst": ("Worst pictures", "Where least of what is marked was found, or most was found that is not marked."),
    "random": ("Pictures drawn at random", "The usual quality: these were drawn by lot, neither best nor worst."),
    "best": ("Best pictures", "Where what was found is nearest to what is marked."),
}


def gather(record: Record) -> dict[str, Any] | None:
    """The figures, charts and galleries; None if the run is no detector's or has no evidence."""
    facts = mapping(record.facts.get(FACTS))
    classes = [mapping(one) for one in sequence(facts.get("classes"))]
    if not classes:
        return None
    examples = [mapping(one) for one in sequence(facts.get("examples"))]
    cards = [_card(one, record.tensors.get(f"{PAIRS}{place}")) for place, one in enumerate(examples)]
    return {
        "n": int(np.nan_to_num(number(facts.get("n")))),
        "n_objects": int(np.nan_to_num(number(facts.get("n_objects")))),
        "part": str(facts.get("part") or "test"),
        "threshold": number(facts.get("threshold")),
        "values": _values(facts),
        "charts": _charts(record, facts, classes),
        "classes": [_row(one) for one in classes],
        "galleries": _galleries(cards),
        "mistakes": [card for card in cards if card and card["kind"] == "mistake"],
    }


def _values(facts: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(name, figure, its interval)."""
    rows = []
    for name, value in mapping(facts.get("values")).items():
        ends = ""
        low, high = number(facts.get("low")), number(facts.get("high"))
        if name == facts.get("measure") and np.isfinite(low) and np.isfinite(high):
            ends = f"95 % interval {percent(low)} to {percent(high)}"
        if np.isfinite(number(value)):
            rows.append((str(name), percent(number(value)), ends))
    return rows


def _charts(record: Record, facts: dict[str, Any], classes: list[dict[str, Any]]) -> list[Chart]:
    bars = [
        ClassBar(str(one.get("name")), *(number(one.get(key)) for key in ("ap50", "low", "high"))) for one in classes
    ]
    bars.sort(key=lambda bar: -np.nan_to_num(bar.value))
    charts = [class_bars(bars)]
    lines = record.tensors.get(CURVES)
    labels = [int(np.nan_to_num(number(one.get("label")), nan=-1)) for one in classes]
    if lines is not None and lines.ndim == 2 and all(0 <= label < len(lines) for label in labels):
        most = sorted(zip(classes, labels, strict=True), key=lambda pair: -np.nan_to_num(number(pair[0].get("n"))))
        drawn = [(str(one.get("name")), lines[label].astype(float)) for one, label in most[:MOST_CURVES]]
        charts.append(curves(drawn, len(classes)))
    said, kinds = mapping(facts.get("said")), mapping(facts.get("errors"))
    told = [
        (str(said.get(kind) or kind), number(mapping(one).get("count")), number(mapping(one).get("cost")))
        for kind, one in kinds.items()
    ]
    known = [(name, int(count), cost) for name, count, cost in told if np.isfinite(count) and np.isfinite(cost)]
    if known:
        charts.append(mistakes(known))
    return [*charts, *_confusion(record.tensors.get(CONFUSION), [*map(str, sequence(facts.get("names"))), NOTHING])]


def _confusion(matrix: Any, names: list[str]) -> list[Chart]:
    if matrix is None or matrix.shape != (len(names), len(names)):
        return []
    seen = np.flatnonzero((matrix.sum(0) + matrix.sum(1)) > 0)
    cut = matrix[np.ix_(seen, seen)].astype(np.int64)
    chart = confusion(cut, [names[at] for at in seen])
    reading = (
        "Row: what is marked; column: what was found there. The last row is what was found where nothing is marked, "
        "the last column what was missed. Only answers that are sure enough to be told of count."
    )
    return [Chart("What was found for what", chart.svg, reading)]


def _row(one: dict[str, Any]) -> dict[str, Any]:
    low, high = number(one.get("low")), number(one.get("high"))
    ends = f"{100 * low:.1f}–{100 * high:.1f}" if np.isfinite(low) and np.isfinite(high) else ""
    cells = [_figure(one.get(key)) for key in ("ap50", "ap", "recall")]
    return {
        "name": str(one.get("name") or ""),
        "n": int(np.nan_to_num(number(one.get("n")))),
        "ends": ends,
        "cells": cells,
    }


def _figure(value: object) -> str:
    share = number(value)
    return f"{100 * share:.1f}" if np.isfinite(share) else "–"


def _card(one: dict[str, Any], pictures: Any) -> dict[str, Any] | None:
    """pictures: (2, H, W, 3), or (H, W, 3) of one mistake."""
    if pictures is None or pictures.ndim not in (3, 4) or pictures.shape[-1] != 3 or pictures.dtype != np.uint8:
        return None
    shown = pictures if pictures.ndim == 4 else pictures[None]
    numbers = {key: int(np.nan_to_num(number(one.get(key)))) for key in ("right", "wrong", "missed")}
    texts = {key: str(one.get(key) or "") for key in ("kind", "name", "said", "why")}
    return {
        **numbers,
        **texts,
        "score": percent(number(one.get("score")), 0),
        "pictures": [photo_uri(p) for p in shown],
    }


def _galleries(cards: list[dict[str, Any] | None]) -> list[dict[str, Any]]:
    galleries = []
    for kind, (title, reading) in KINDS.items():
        kept = [card for card in cards if card and card["kind"] == kind]
        if kept:
            galleries.append({"title": title, "reading": reading, "cards": kept})
    return galleries
