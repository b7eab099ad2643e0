"""Do inputs reach the first layer in a usual range, different from each other, in the layout the layer expects?"""

from typing import Any

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "mean, spread and neighbours of one batch at a measured step"

LARGE, SMALL = 10.0, 0.02  # standard deviation at the first layer; 1 is usual, raw [0, 1] pixels have about 0.3
ALIKE = 1e-6  # spread between examples
ROUGH = 0.85  # neighbouring pixels as different as any two
SMOOTH = 0.6


def look(chart: Chart) -> list[Finding]:
    seen = chart.values("inputs")
    if not seen:
        return []
    return [*_constant(seen), *_scale(chart, seen), *_layout(seen)]


def _constant(seen: list[dict[str, Any]]) -> list[Finding]:
    between = [float(s["between"]) for s in seen if "between" in s]
    if not between or readings.middle(between) > ALIKE:
        return []
    return [
        Finding(
            NOTE,
            f"inputs differ from each other by {readings.middle(between):.0e}",
            "different examples",
            "every example is the same: zeros, a constant, or one example repeated",
            "look at a batch just before the network",
            kind="inputs_constant",
            where="inputs",
            weight=0.99,
            defect=True,
        )
    ]


def _scale(chart: Chart, seen: list[dict[str, Any]]) -> list[Finding]:
    first = [next(iter(flows.values())) for flows in chart.values("layers") if flows]
    std = (
        readings.middle([float(f["in_std"]) for f in first])
        if first
        else readings.middle([float(s["std"]) for s in seen])
    )
    low = min((float(f["in_low"]) for f in first), default=float(seen[-1]["low"]))
    high = max((float(f["in_high"]) for f in first), default=float(seen[-1]["high"]))
    if str(seen[-1]["type"]).startswith("int") or std != std or SMALL <= std <= LARGE or std == 0:
        return []
    large = std > LARGE
    raw = large and low >= -1e-3 and 200 < high <= 256
    return [
        Finding(
            NOTE,
            f"inputs reach the first layer with deviation {std:.2g}, from {low:.3g} to {high:.3g}",
            "about 1",
            cause="raw 0 to 255 pixels, not normalised"
            if raw
            else "normalised with the wrong figures, or not at all"
            if large
            else "scaled down twice",
            remedy="subtract the training part's mean and divide by its standard deviation, once",
            kind="inputs_not_normalised",
            where="inputs (preprocessing)",
            weight=0.8 if (std > 30 or std < 0.01) else 0.5,
        )
    ]


def _layout(seen: list[dict[str, Any]]) -> list[Finding]:
    rough = [s["rough"] for s in seen if "rough" in s]
    if any(s.get("channels_last") for s in seen):
        return [
            Finding(
                NOTE,
                f"inputs have shape {seen[-1]['shape']}",
                "(B, C, H, W)",
                "channels are last: height is taken for channels",
                "inputs.permute(0, 3, 1, 2) before the network",
                kind="wrong_layout",
                where="inputs (layout)",
                weight=0.85,
                defect=True,
            )
        ]
    if not rough:
        return []
    across, down = readings.middle([r[0] for r in rough]), readings.middle([r[1] for r in rough])
    uneven = max(across, down) > ROUGH and min(across, down) < SMOOTH
    if not (min(across, down) > ROUGH or uneven):
        return []
    return [
        Finding(
            NOTE,
            f"neighbouring pixels differ as much as any two (across {across:.2f}, down {down:.2f} of unrelated)",
            "alike, in pictures",
            "pixels are scrambled: a view or reshape in place of permute, or channels taken for columns",
            "use permute, not view, to change the order of dimensions; look at a picture just before the network",
            kind="wrong_layout",
            where="inputs (layout)",
            weight=0.6 if uneven else 0.65,
        )
    ]
