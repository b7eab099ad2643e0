"""Where a network that draws its own glimpses looked while it learned, over the same pictures."""

from typing import Any

from ...runs.reader import Run
from .. import sheets
from ..record import Record

GLIMPSES = "glimpses"  # what a task calls these sheets
MOST_EPOCHS, IN_A_ROW = 4, 4  # rows, and pictures in each: fewer are seen better


def gather(run: Run, record: Record) -> dict[str, Any] | None:
    """What the page shows; None if the network saw whole pictures."""
    strip = sheets.strip(run, record, GLIMPSES, MOST_EPOCHS, IN_A_ROW)
    return {"strip": strip} if strip else None
