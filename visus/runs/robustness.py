"""What a run's model was found to stand, in one file of its folder: attacks, and changes as the world makes them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .checkpoint import write_whole

ROBUSTNESS = "robustness.json"
ATTACKS, CORRUPTIONS = "attacks", "corruptions"


def read(folder: Path) -> dict[str, Any]:
    """What was measured, by ATTACKS and CORRUPTIONS; empty if nothing was, or if the file is damaged."""
    try:
        found = json.loads((folder / ROBUSTNESS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def add(folder: Path, kind: str, measured: Mapping[str, Any]) -> Path:
    """Keep one kind of measurement in place of an older one; the other kind stays. Returns the file."""
    kept = {**read(folder), kind: dict(measured)}
    write_whole(folder / ROBUSTNESS, (json.dumps(kept, indent=2) + "\n").encode())
    return folder / ROBUSTNESS
