"""When, with what and on what a run was made."""

import platform
import sys
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from ..engine import device

PACKAGES = ("visus", "torch", "numpy", "pillow", "simplejpeg", "scikit-learn")


def circumstances(seed: int) -> dict[str, Any]:
    """Seed, time, versions and hardware, for the record."""
    return {
        "seed": seed,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES},
        "hardware": device.describe(device.choose()),
        "command": " ".join(sys.argv[1:]),
    }
