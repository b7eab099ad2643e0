"""Do the maps that were drawn of what the model looks at depend on what it learned?"""

import json
import math
from typing import Any

from ...runs.reader import Run
from ..finding import NOTE, PASS, Finding
from ._record import mapping, number

EXPLAINED = ("explain", "explain.json")  # what `visus explain` leaves in a run's folder
# Rank correlation with the map of the same network whose weights were all shuffled. Edge detectors keep 0.5 and more;
# maps of the gradient or of Grad-CAM fall near 0 (Adebayo et al., 2018, figures 2 and 4).
DEPENDS = 0.5


def examine(run: Run) -> list[Finding]:
    checked = {name: share for name, one in _techniques(run).items() if not math.isnan(share := _last(mapping(one)))}
    if not checked:
        return []
    said = ", ".join(f"{name} {share:.2f}" for name, share in checked.items())
    what = f"with all weights shuffled, maps agree with the true ones by {said}"
    same = [name for name, share in checked.items() if share > DEPENDS]
    if not same:
        return [Finding(PASS, what, f"at most {DEPENDS}")]
    others = [name for name in checked if name not in same]
    return [
        Finding(
            NOTE,
            what,
            f"at most {DEPENDS}",
            cause=f"{' and '.join(same)} shows the picture, edges above all, and hardly what this network learned",
            remedy=f"conclude nothing from it; look at {' or '.join(others) or 'grad_cam, saliency or occlusion'}",
            kind="map_ignores_the_model",
            where=", ".join(same),
            weight=0.1,
        )
    ]


def _techniques(run: Run) -> dict[str, Any]:
    try:
        found = json.loads(run.folder.joinpath(*EXPLAINED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return mapping(mapping(found).get("techniques"))


def _last(technique: dict[str, Any]) -> float:
    """Agreement of its maps when every layer is shuffled; NaN if that was not tried."""
    rows = technique.get("sanity")
    if not isinstance(rows, list) or not rows or not isinstance(rows[-1], list) or len(rows[-1]) != 2:
        return math.nan
    return number(rows[-1][1])
