"""Did an examination before the training warn?"""

from dataclasses import fields
from typing import Any

from ...runs.reader import Run
from ..finding import BLOCKER, PASS, WARNING, Finding
from ._record import detail, mapping

LIKELY = 0.5  # weight of a warning that names none: it was measured on the very network that then trained


def examine(run: Run) -> list[Finding]:
    said = [mapping(found) for found in detail(run, "checks").get("findings") or []]
    warned = [found for found in said if found.get("severity") in (WARNING, BLOCKER)]
    if not said:
        return []
    if not warned:
        return [Finding(PASS, f"{len(said)} examinations before the training did not warn")]
    return [_again(found) for found in warned]


def _again(said: dict[str, Any]) -> Finding:
    known = {field.name for field in fields(Finding)}
    found: dict[str, Any] = {name: value for name, value in said.items() if name in known}
    kind = str(found.get("kind") or said.get("check") or "")
    weight = found.get("weight") or LIKELY
    return Finding(**{**found, "what": f"before training: {found.get('what', '')}", "kind": kind, "weight": weight})
