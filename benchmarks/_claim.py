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


def facts() -> dict[str, Any]:
    """Hardware, versions and date."""
    versions = {"python": platform.python_version()} | {p: metadata.version(p) for p in PACKAGES}
    return {
        "hardware": describe("cpu"),
        "versions": versions,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def keep(path: Path, runs: Any) -> None:
    """Write down what was measured so far: a long benchmark that is stopped loses one run."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(runs, indent=1) + "\n")


def state(name: str, claim: str, held: bool, **figures: Any) -> None:
    """Print a claim with its figures, and keep them."""
    RESULTS.mkdir(exist_ok=True)
    record = {"claim": claim, "held": held, **figures, **facts()}
    (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n")
    print(f"{name}: {claim}: {'held' if held else 'NOT HELD'}")
    for key, value in figures.items():
        print(f"  {key}: {value}")
