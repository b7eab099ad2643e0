"""Many pictures on one sheet of the page: drawn anew, or as a run kept them while it learned."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..runs import sheet
from ..runs.reader import Run
from .pictures import data_uri
from .record import Event, Record, mapping, number

COLUMN_PX, PAGE_PX = 420, 780  # about what a card of half the page is wide, and one of all of it

Pictures = NDArray[np.uint8]


def laid(pictures: Pictures, columns: int, wanted: int = COLUMN_PX) -> dict[str, Any]:
    """Pictures (N, H, W, 3) on one sheet: its address, and how wide it is shown, each pixel enlarged evenly."""
    found, _ = sheet.lay(torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2), columns)
    width = found.shape[1]
    return {"uri": data_uri(found), "width": width * max(1, round(wanted / width)), "n": len(pictures)}


def kept(run: Run, about: dict[str, Any]) -> Pictures | None:
    """The pictures of a sheet in the run's folder; None if it is damaged or gone."""
    name = str(about.get("file") or "")
    if not name or ".." in name or name.startswith("/"):
        return None
    try:
        layout = sheet.Layout(**{key: int(about[key]) for key in ("n", "columns", "height", "width", "gap")})
        return sheet.read(run.folder / name, layout)
    except (OSError, KeyError, TypeError, ValueError):
        return None


def names(record: Record) -> list[str]:
    """What pictures were kept while it learned."""
    return list(dict.fromkeys(name for event in record.of("pictures") for name in mapping(event.get("sheets"))))


def strip(run: Run, record: Record, name: str, most: int, in_a_row: int, wanted: int = PAGE_PX) -> list[dict[str, Any]]:
    """What was kept under `name` at some evaluations, the first and the last among them, and when that was."""
    events = [event for event in record.of("pictures") if name in mapping(event.get("sheets"))]
    places = np.unique(np.linspace(0, len(events) - 1, min(most, len(events))).astype(int)).tolist()
    found = []
    for event in (events[place] for place in places):
        shown = kept(run, mapping(mapping(event["sheets"]).get(name)))
        if shown is not None:
            found.append({"when": _when(event), **laid(shown[:in_a_row], in_a_row, wanted)})
    return found


def _when(event: Event) -> str:
    epoch = number(event.get("epoch"))
    return f"epoch {epoch:.3g}" if epoch == epoch else f"step {number(event.get('step')) + 1:.0f}"
