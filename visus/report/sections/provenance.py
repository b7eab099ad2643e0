"""Where the numbers come from: settings, versions, hardware, data, the split and how often its test part was used."""

from typing import Any

from ...runs import ledger
from .. import measures
from ..record import Event, Record, mapping, number
from ..wording import percent, plain


def gather(record: Record) -> dict[str, list[tuple[str, str]]]:
    """Tables of (what, value) under their titles, in reading order; empty ones are left out."""
    info = record.info
    settings = mapping(info.get("settings")) | mapping((record.of("settings") or [{}])[-1].get("settings"))
    run = {
        "recipe": info.get("recipe"),
        "command": f"visus {info['command']}" if info.get("command") else None,
        "source": info.get("source"),
        "seed": info.get("seed"),
        "precision": info.get("precision") or settings.get("arithmetic"),
        "time budget": f"{plain(info['budget_s'])} s" if info.get("budget_s") else None,
        "split hash": info.get("split_hash") or record.detail("split").get("hash"),
        "test split": uses(record),
    }
    tables = {
        "Run": _rows(run),
        "Settings": _settings(settings, mapping(info.get("given"))),
        "Data": _rows({key: value for key, value in mapping(info.get("data")).items() if key != "classes"}),
        "Versions": _rows(mapping(info.get("versions"))),
        "Hardware": _rows(mapping(info.get("hardware"))),
        "Measured later on other pictures": [_evaluation(event) for event in record.of("evaluation")],
    }
    return {title: rows for title, rows in tables.items() if rows}


def uses(record: Record) -> str | None:
    """What the ledger says of the test split; None if it was not used."""
    use = record.detail("test").get("use")
    return ledger.ordinal(use) if isinstance(use, int) and use >= 1 else None


def _settings(settings: dict[str, Any], given: dict[str, Any]) -> list[tuple[str, str]]:
    """What was asked for by name is marked: the rest are defaults, or what the run measured and searched."""
    return [(name, f"{value} (as asked)" if name in given else value) for name, value in _rows(settings)]


def _evaluation(event: Event) -> tuple[str, str]:
    name = event.get("measure")
    if name:
        of = measures.named(str(name))
        value, low, high = (of.said(number(event.get(end))) for end in ("score", "low", "high"))
        text = f"{name} {value}, {plain(event.get('n'))} {of.things}, 95 % interval {low} to {high}"
    else:
        ends = f"95 % interval {percent(event.get('low'))} to {percent(event.get('high'))}"
        text = f"{percent(event.get('accuracy'))} of {plain(event.get('n'))} pictures, {ends}"
    use = event.get("use")
    return str(event.get("source", "")), f"{text}, {ledger.ordinal(use)}" if isinstance(use, int) else text


def _rows(table: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, _text(value)) for name, value in table.items() if value is not None]


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(inner)}" for key, inner in value.items())
    return str(value)
