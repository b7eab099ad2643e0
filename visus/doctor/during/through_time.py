"""Does the gradient of a recurrent layer reach back through time, neither vanishing nor exploding on its way?"""

from collections.abc import Mapping
from typing import Any

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "a backward pass of four sequences through each recurrent layer, at a measured step"

FADED = 0.01  # of the gradient's largest length: beyond this lag the past counts for nothing
SHORT_SIGHT = 0.5  # of the window: what reaches that far back can learn from most of it
WINDOW = 8  # steps; of shorter sequences nothing is said
GREW = 100.0  # times the length at lag 0
POOR = 0.25  # of the blind loss taken away; what learns more has its reasons to look no further
NOTHING = 0.05  # the same where each token is asked for: most is learned from those just before it


def look(chart: Chart) -> list[Finding]:
    found = []
    rows: dict[str, list[dict[str, Any]]] = {}
    for layers in chart.values("time", begin=0.3):
        for name, row in layers.items():
            if row.get("lags") and row["steps"] >= WINDOW:
                rows.setdefault(name, []).append(row)
    for name, seen in rows.items():
        growth = readings.middle([max(row["norms"]) for row in seen])
        if growth > GREW:
            found.append(_exploded(chart, name, seen, growth))
        else:
            found.append(_faded(chart, name, seen))
    return found


def reach(row: Mapping[str, Any]) -> int:
    """The longest lag at which the gradient is at least FADED of its largest length."""
    bound = FADED * max(row["norms"])
    return max(lag for lag, norm in zip(row["lags"], row["norms"], strict=True) if norm >= bound)


def _exploded(chart: Chart, name: str, seen: list[dict[str, Any]], growth: float) -> Finding:
    steps = int(readings.middle([float(row["steps"]) for row in seen]))
    clipped = chart.counts.get("clipped", 0) > 0.5 * max(1, chart.counts.get("scaled", 0))
    return Finding(
        NOTE,
        f"the gradient through {name} grows {growth:.0e}-fold on its way back through {steps} steps",
        f"at most {GREW:g}-fold",
        "gradients explode through time: the recurrent weights enlarge what passes through them at each step",
        "clip gradients by norm (max_norm=1), start the recurrent weights orthogonal, or take an LSTM or a GRU",
        kind="exploding_through_time",
        where=name,
        change={"max_norm": 1.0},
        weight=0.35 if clipped else 0.7,
    )


def _faded(chart: Chart, name: str, seen: list[dict[str, Any]]) -> Finding:
    steps = readings.middle([float(row["steps"]) for row in seen])
    back = readings.middle([float(reach(row)) for row in seen])
    what = f"the gradient through {name} falls to {FADED:.0%} within {back:.0f} of {steps:.0f} steps"
    if back >= SHORT_SIGHT * (steps - 1):
        return Finding(PASS, f"the gradient through {name} reaches {back:.0f} of {steps:.0f} steps back")
    poor = NOTHING if readings.are_tokens(chart) else POOR
    if not readings.learned(chart) < poor or not readings.settled(chart):
        return Finding(PASS, what)
    plain = seen[-1]["kind"] == "RNN"
    return Finding(
        NOTE,
        what,
        f"more than {SHORT_SIGHT:.0%} of them, where what is asked for lies far back",
        "gradients vanish through time: "
        + ("a plain recurrent layer multiplies by its weights at each step" if plain else "the gates let little pass"),
        "take an LSTM or a GRU, or start the recurrent weights orthogonal"
        if plain
        else "start the forget gate's bias at 1 or more, or give the answer a shorter way: attention, or the mean of "
        "all steps",
        kind="vanishing_through_time",
        where=name,
        weight=0.66 if plain else 0.58,
    )
