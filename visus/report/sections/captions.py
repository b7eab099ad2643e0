"""The test of a captioner: figures beside those of captions without learning, examples, and where it looked."""

from itertools import pairwise
from typing import Any

import numpy as np

from ..figures.rivals import OURS, PEOPLE, SIMPLE, Rival, rivals
from ..pictures import data_uri
from ..record import Record, mapping, number, sequence
from ..wording import percent, plain

FACTS, PICTURES, MAPS = "captions", "captions.pictures", "captions.maps"
CIDER = "CIDEr"
BARS = "CIDEr against captions without learning"
READING = (
    "CIDEr: 0 for words that nobody said, the more the captions say what people said. The blue bar must end to "
    "the right of the grey ones, which have learned nothing; whiskers are 95 % intervals."
)
KINDS = {
    "best": ("Best captions", "Those closest to what people said of the picture, by CIDEr."),
    "random": ("Captions drawn at random", "The usual quality: these were drawn by lot, neither best nor worst."),
    "worst": ("Worst captions", "Those furthest from what people said: look whether the picture or the words mislead."),
}


def gather(record: Record) -> dict[str, Any] | None:
    """The table, the chart, the galleries and the maps; None if the run is no captioner's or has no evidence."""
    facts = mapping(record.facts.get(FACTS))
    rows = [_row(mapping(row)) for row in sequence(facts.get("rows"))]
    if not rows:
        return None
    measures = [str(name) for name in sequence(facts.get("measures"))]
    pictures = record.tensors.get(PICTURES)
    bars = [_rival(row) for row in rows if np.isfinite(number(row["values"].get(CIDER)))]
    examples = [mapping(one) for one in sequence(facts.get("examples"))]
    return {
        "n": int(np.nan_to_num(number(facts.get("n")))),
        "part": str(facts.get("part") or "test"),
        "way": str(facts.get("way") or ""),
        "measures": measures,
        "rows": [{"name": row["name"], "kind": row["kind"], "cells": _cells(row, measures)} for row in rows],
        "chart": rivals(bars, BARS, READING, 2) if bars else None,
        "numbers": _numbers(mapping(facts.get("variety"))),
        "galleries": _galleries(examples, pictures),
        "looks": _looks(examples, record.tensors.get(MAPS)),
    }


def _row(row: dict[str, Any]) -> dict[str, Any]:
    kind = row.get("kind") if row.get("kind") in (OURS, PEOPLE) else SIMPLE
    ends = {end: mapping(row.get(end)) for end in ("values", "low", "high")}
    return {"name": str(row.get("name") or "captions"), "kind": kind, **ends}


def _rival(row: dict[str, Any]) -> Rival:
    value, low, high = (number(row[end].get(CIDER)) for end in ("values", "low", "high"))
    return Rival(row["name"], value, row["kind"], low, high)


def _cells(row: dict[str, Any], measures: list[str]) -> list[tuple[str, str, str]]:
    """(measure, value, interval) as they are to be read."""
    cells = []
    for name in measures:
        value, low, high = (number(row[end].get(name)) for end in ("values", "low", "high"))
        ends = f"{_said(name, low)}–{_said(name, high)}" if np.isfinite(low) and np.isfinite(high) else ""
        cells.append((name, _said(name, value), ends))
    return cells


def _said(measure: str, value: float) -> str:
    """CIDEr as it is, shares times 100, as papers print both."""
    if not np.isfinite(value):
        return "–"
    return f"{value:.2f}" if measure == CIDER else f"{100 * value:.1f}"


def _numbers(variety: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(figure, what it is, how to read it)."""
    told = [
        ("distinct", "of the captions are different", "One that looks writes nearly as many as there are pictures."),
        ("novel", "are no training caption", "Near 0 % it repeats sentences by heart."),
        ("repeated", "stammer", "A run of words comes twice in a row: trained too little, or the beam is too wide."),
        ("unknown", "of the words people used are unknown to it", "Holes of the vocabulary: it can never say these."),
    ]  # fmt: skip
    found = [
        (percent(variety[name], 0), what, how) for name, what, how in told if np.isfinite(number(variety.get(name)))
    ]
    said, known = number(variety.get("words_said")), number(variety.get("words_known"))
    if np.isfinite(said) and np.isfinite(known):
        of = f"of {plain(known)} words that it knows are ever said"
        found.append((plain(said), of, "Few: it keeps to what is common and names nothing in particular."))
    shuffled, own = number(variety.get("shuffled")), number(variety.get("own"))
    if np.isfinite(shuffled) and np.isfinite(own):
        what = f"CIDEr of its captions given to other pictures, {own:.2f} given to their own"
        found.append((f"{shuffled:.2f}", what, "As good on any picture: it does not look."))
    return found


def _galleries(examples: list[dict[str, Any]], pictures: Any) -> list[dict[str, Any]]:
    if pictures is None or pictures.ndim != 4 or pictures.dtype != np.uint8:
        return []
    galleries = []
    for kind, (title, reading) in KINDS.items():
        cards = [_card(one, pictures) for one in examples if one.get("kind") == kind]
        kept = [card for card in cards if card]
        if kept:
            galleries.append({"title": title, "reading": reading, "cards": kept})
    return galleries


def _card(one: dict[str, Any], pictures: Any) -> dict[str, Any] | None:
    place = number(one.get("picture"))
    if not 0 <= place < len(pictures):
        return None
    return {
        "picture": data_uri(pictures[int(place)]),
        "said": str(one.get("said") or "(nothing)"),
        "references": [str(text) for text in sequence(one.get("references"))],
        "cider": _said(CIDER, number(one.get("cider"))),
        "name": str(one.get("name") or ""),
    }


def _looks(examples: list[dict[str, Any]], maps: Any) -> list[dict[str, Any]]:
    """For each example with maps its sentence and (picture, word) pairs, the photograph first."""
    if maps is None or maps.ndim != 4 or maps.dtype != np.uint8:
        return []
    wanted = [(one, ["the picture", *map(str, sequence(one.get("words")))]) for one in examples if one.get("words")]
    ends = np.cumsum([0, *(len(words) for _, words in wanted)]).tolist()
    if ends[-1] != len(maps):
        return []
    return [
        {"said": str(one.get("said") or ""), "words": [(data_uri(p), w) for p, w in zip(maps[a:b], words, strict=True)]}
        for (one, words), (a, b) in zip(wanted, pairwise(ends), strict=True)
    ]
