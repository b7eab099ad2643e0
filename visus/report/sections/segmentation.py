"""The test of a segmenter: figures, classes, what is taken for what, and painted pictures beside the truth."""

from typing import Any

import numpy as np

from ..figures.confusion import confusion
from ..figures.detection import ClassBar, class_bars
from ..pictures import photo_uri
from ..record import Record, mapping, number, sequence
from ..wording import percent

FACTS, CONFUSION, PAIRS = "segmentation", "segmentation.confusion", "segmentation.picture."
KINDS = {
    "worst": ("Worst pictures", "Where least of the truth is painted."),
    "median": ("Pictures in the middle", "Half of the pictures are painted better than these, half worse."),
    "random": ("Pictures drawn at random", "The usual quality: these were drawn by lot, neither best nor worst."),
    "best": ("Best pictures", "Where what is painted is nearest to the truth."),
}
PER_MILLE = 1000  # pixels of a class are too many to be read: a thousandth of each row's is shown


def gather(record: Record) -> dict[str, Any] | None:
    """The figures, charts and galleries; None if the run is no segmenter's or has no evidence."""
    facts = mapping(record.facts.get(FACTS))
    classes = [mapping(one) for one in sequence(facts.get("classes"))]
    if not classes:
        return None
    examples = [mapping(one) for one in sequence(facts.get("examples"))]
    cards = [_card(one, record.tensors.get(f"{PAIRS}{place}")) for place, one in enumerate(examples)]
    return {
        "n": int(np.nan_to_num(number(facts.get("n")))),
        "part": str(facts.get("part") or "test"),
        "values": _values(facts),
        "charts": _charts(record, [str(name) for name in sequence(facts.get("names"))], classes),
        "classes": [_row(one) for one in sorted(classes, key=lambda one: -np.nan_to_num(number(one.get("iou"))))],
        "galleries": _galleries(cards),
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


def _charts(record: Record, names: list[str], classes: list[dict[str, Any]]) -> list[Any]:
    bars = [
        ClassBar(str(one.get("name")), *(number(one.get(key)) for key in ("iou", "low", "high"))) for one in classes
    ]
    bars.sort(key=lambda bar: -np.nan_to_num(bar.value))
    reading = (
        "What is painted as a class and is it, as a share of what is either (intersection over union); whiskers are "
        "95 % intervals, by drawing pictures again."
    )
    charts = [class_bars(bars, "IoU of each class", reading)]
    matrix = record.tensors.get(CONFUSION)
    if matrix is not None and matrix.shape == (len(names), len(names)):
        seen = np.flatnonzero((matrix.sum(0) + matrix.sum(1)) > 0)
        cut = matrix[np.ix_(seen, seen)].astype(np.float64)
        shares = (PER_MILLE * cut / np.maximum(1, cut.sum(1, keepdims=True))).round().astype(np.int64)
        chart = confusion(shares, [names[at] for at in seen])
        reading = "Row: what a pixel is; column: what it was painted as. Of a thousand pixels of each class."
        charts.append(type(chart)("What is taken for what", chart.svg, reading))
    return charts


def _row(one: dict[str, Any]) -> dict[str, Any]:
    low, high = number(one.get("low")), number(one.get("high"))
    ends = f"{100 * low:.1f}–{100 * high:.1f}" if np.isfinite(low) and np.isfinite(high) else ""
    colour = [int(np.nan_to_num(number(value))) for value in sequence(one.get("colour"))][:3]
    return {
        "name": str(one.get("name") or ""),
        "colour": "rgb({}, {}, {})".format(*colour) if len(colour) == 3 else "",
        "ends": ends,
        "cells": [_figure(one.get(key)) for key in ("iou", "accuracy", "boundary", "share")],
    }


def _figure(value: object) -> str:
    share = number(value)
    return f"{100 * share:.1f}" if np.isfinite(share) else "–"


def _card(one: dict[str, Any], pictures: Any) -> dict[str, Any] | None:
    """pictures: (4, H, W, 3)."""
    if pictures is None or pictures.ndim != 4 or pictures.shape[-1] != 3 or pictures.dtype != np.uint8:
        return None
    return {
        "kind": str(one.get("kind") or ""),
        "name": str(one.get("name") or ""),
        "iou": percent(number(one.get("iou"))),
        "accuracy": percent(number(one.get("accuracy"))),
        "pictures": [photo_uri(picture) for picture in pictures],
    }


def _galleries(cards: list[dict[str, Any] | None]) -> list[dict[str, Any]]:
    galleries = []
    for kind, (title, reading) in KINDS.items():
        kept = [card for card in cards if card and card["kind"] == kind]
        if kept:
            galleries.append({"title": title, "reading": reading, "cards": kept})
    return galleries
