"""Where the numbers come from: settings, versions, hardware, data, the split and how often its test part was used."""

from typing import Any

from ..record import Record, mapping


def gather(record: Record) -> dict[str, list[tuple[str, str]]]:
    """Tables of (what, value) under their titles, in reading order; empty ones are left out."""
    info = record.info
    data = {key: value for key, value in mapping(info.get("data")).items() if key != "classes"}
    split_hash = info.get("split_hash") or record.detail("split").get("hash")
    run = {
        "recipe": info.get("recipe"),
        "seed": info.get("seed"),
        "precision": info.get("precision"),
        "time budget": f"{info['budget_s']} s" if info.get("budget_s") else None,
        "split hash": split_hash,
        "uses of the test split": ledger(record),
    }
    tables = {
        "Run": run,
        "Settings": mapping(info.get("settings")),
        "Data": data,
        "Versions": mapping(info.get("versions")),
        "Hardware": mapping(info.get("hardware")),
    }
    filled = {title: _rows(table) for title, table in tables.items()}
    return {title: rows for title, rows in filled.items() if rows}


def ledger(record: Record) -> str | None:
    """What the ledger says of the test split; None if it was not used."""
    use = record.detail("test").get("use")
    if not isinstance(use, int) or isinstance(use, bool) or use < 1:
        return None
    if use == 1:
        return "first use of this test split"
    return f"use number {use}: earlier results on it may have steered this one, so the figure is likely too good"


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
