"""A diagnosis as a piece of a page: for a notebook's output or another page, with nothing outside itself."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _text

if TYPE_CHECKING:
    import jinja2

    from .diagnosis import Diagnosis

WIDE, HIGH = 600, 150  # units of the drawing; it is stretched to the width there is
MOST_POINTS = 400  # of a curve, more than can be told apart
LOG_ABOVE = 30.0  # a loss that spans more than this is drawn on a log axis

Point = tuple[float, float]


def page(diagnosis: "Diagnosis") -> str:
    """One <section> with its own style; no script, nothing loaded, every foreign word escaped."""
    settings = diagnosis.settings
    return _template().render(
        alarm=diagnosis.alarm,
        state=diagnosis.outcome.state,
        verdict=_text.verdict(diagnosis),
        reasons=[*_text.other_reasons(diagnosis), *filter(None, [_text.raised(diagnosis)])],
        curve=_curve(diagnosis),
        causes=[_shown(cause, settings) for cause in diagnosis.causes[: _text.MOST_CAUSES]],
        more=max(0, len(diagnosis.causes) - _text.MOST_CAUSES),
        notes_heading=_text.NOTES,
        notes=[_text.noted(note) for note in diagnosis.notes],
        unexamined=[_text.because(sentence) for sentence in diagnosis.unexamined],
    )


def _shown(finding: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": _text.title(finding),
        "evidence": _text.evidence(finding),
        "cause": _text.clean(finding.cause),
        "remedy": _text.clean(finding.remedy),
        "diff": _text.diff(finding.change, settings),
    }


@cache
def _template() -> "jinja2.Template":
    import jinja2  # takes a while, and a terminal never needs it

    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("diagnosis.html")


def _curve(diagnosis: "Diagnosis") -> dict[str, Any] | None:
    """What the drawing needs: paths in WIDE x HIGH, and the numbers at its ends. None without two points."""
    curves = {name: _points(diagnosis.curves.get(name)) for name in ("loss", "validation")}
    values = [y for points in curves.values() for _, y in points]
    if len(curves["loss"]) < 2:
        return None
    low, high, last = min(values), max(values), max(x for points in curves.values() for x, _ in points)
    log = low > 0 and high > LOG_ABOVE * low
    bottom, top = (math.log(low), math.log(high)) if log else (low, high)

    def place(point: Point) -> str:
        y = math.log(point[1]) if log else point[1]
        up = (y - bottom) / (top - bottom) if top > bottom else 0.5
        return f"{WIDE * point[0] / max(last, 1):.1f} {HIGH * (1 - up):.1f}"

    first = diagnosis.first_alarm
    return {
        "paths": {name: "M" + "L".join(place(p) for p in points) for name, points in curves.items() if len(points) > 1},
        "alarm": f"{WIDE * min(1.0, first / max(last, 1)):.1f}" if first is not None else "",
        "low": f"{low:.3g}",
        "high": f"{high:.3g}",
        "last": f"{last:.0f}",
        "log": log,
        "wide": WIDE,
        "high_units": HIGH,
    }


def _points(curve: Any) -> list[Point]:
    """The finite points of a list of [step, value], thinned to MOST_POINTS."""
    if not isinstance(curve, Iterable):
        return []
    points = [(float(p[0]), float(p[1])) for p in curve if _drawable(p)]
    thin = points[:: -(-len(points) // MOST_POINTS)] if points else []
    return thin if thin[-1:] == points[-1:] else [*thin, points[-1]]


def _drawable(point: Any) -> bool:
    if not isinstance(point, Sequence) or len(point) < 2:
        return False
    # beyond 1e30 differences would overflow; a diverged loss is told in words
    return all(isinstance(v, int | float) and math.isfinite(v) and abs(v) < 1e30 for v in point[:2]) and point[0] >= 0
