"""What every benchmark states with its figures: seeds, spread, hardware, versions."""

import json
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from visus.engine.device import describe

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("visus", "torch", "numpy", "pillow", "simplejpeg")


def spread(values: list[float], digits: int = 2) -> str:
    """`mean +- deviation (n = 3)`."""
    deviation = f" +- {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean(values):.{digits}f}{deviation} (n = {len(values)})"


def state(name: str, claim: str, held: bool, **figures: Any) -> None:
    """Print a claim with its figures, and keep them."""
    versions = {"python": platform.python_version()} | {p: metadata.version(p) for p in PACKAGES}
    facts = {
        "claim": claim,
        "held": held,
        **figures,
        "hardware": describe("cpu"),
        "versions": versions,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(facts, indent=2) + "\n")
    print(f"{name}: {claim}: {'held' if held else 'NOT HELD'}")
    for key, value in figures.items():
        print(f"  {key}: {value}")
