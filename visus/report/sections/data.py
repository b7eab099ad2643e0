"""What the audit saw in the pictures, and how they were split."""

from typing import Any

import numpy as np

from ..figures.bars import class_counts
from ..pictures import data_uri
from ..record import Record, mapping, number, sequence
from ..wording import plain
from .verdicts import SEVERITIES, severity

MAX_PICTURES = 24  # flagged pictures shown; the rest is named in the events
MAX_NAMES = 100  # culprits listed under one check
_MAX_KINDS = 5  # rows of the table of formats, modes and sizes before the rest is summed up
_TABLES = {"format": "File format", "mode": "Colour mode", "size": "Size, pixels", "orientation": "EXIF orientation"}
_TURNED = {"1": "upright", "3": "upside down", "6": "on its side", "8": "on its side"}  # what cameras write


def gather(record: Record) -> dict[str, Any] | None:
    """Counts, checks with their culprits, flagged pictures, kinds of files, the split; None without audit and split."""
    audit, split = record.detail("audit"), record.detail("split")
    if not audit and not split:
        return None
    counts = {name: int(count) for name, n in mapping(audit.get("class_counts")).items() if (count := number(n)) >= 0}
    table = mapping(audit.get("table"))
    checks = [mapping(check) for check in sequence(audit.get("checks"))]
    return {
        "n": audit.get("n"),
        "things": str(audit.get("unit") or split.get("unit") or "pictures"),
        "facts": [(str(n), str(what)) for n, what in map(sequence, sequence(audit.get("facts"))) if what],
        "unreadable": audit.get("unreadable"),
        "n_classes": len(counts),
        "chart": class_counts(list(counts), list(counts.values())) if counts else None,
        "checks": sorted(
            (_check(check, record.subject) for check in checks), key=lambda check: -SEVERITIES.index(check["severity"])
        ),
        "tables": [(_TABLES[kind], _kinds(kind, table[kind])) for kind in _TABLES if kind in table],
        "flagged": _flagged(record),
        "split": split,
    }


def _check(check: dict[str, Any], subject: str) -> dict[str, Any]:
    names = sequence(check.get("names"))
    return {
        **check,
        "thing": "picture" if subject == "pictures" else "place",
        "severity": severity(check),
        "names": names[:MAX_NAMES],
        "more": max(int(np.nan_to_num(number(check.get("n_names")))), len(names)) - len(names[:MAX_NAMES]),
    }


def _kinds(kind: str, counts: object) -> list[tuple[str, str]]:
    """(kind, count), most frequent first, the rare ones summed up."""
    ordered = sorted(
        ((name, number(n)) for name, n in mapping(counts).items()), key=lambda pair: -np.nan_to_num(pair[1])
    )
    if len(ordered) > _MAX_KINDS + 1:
        rare = ordered[_MAX_KINDS:]
        ordered = [*ordered[:_MAX_KINDS], ("all others", sum(n for _, n in rare))]
    return [
        (f"{name}, {_TURNED[name]}" if kind == "orientation" and name in _TURNED else name, plain(n))
        for name, n in ordered
    ]


def _flagged(record: Record) -> dict[str, Any] | None:
    pictures = record.tensors.get("audit.images")
    if pictures is None or pictures.ndim != 4 or not len(pictures):
        return None
    names, checks = sequence(record.facts.get("audit.names")), sequence(record.facts.get("audit.checks"))
    shown = [
        {
            "picture": data_uri(picture),
            "name": names[i] if i < len(names) else "",
            "check": checks[i] if i < len(checks) else "",
        }
        for i, picture in enumerate(pictures[:MAX_PICTURES])
    ]
    return {"shown": shown, "more": len(pictures) - len(shown)}
