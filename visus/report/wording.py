"""Numbers, lengths of time and long names as people write them; filters of the page and labels of the figures."""

import math
import re
from datetime import datetime

NARROW = "\u2009"  # thin space, between groups of thousands
FIRM = "\u00a0"  # no line break between a number and its unit
# control characters, and those that turn the direction of writing: a file name must not rearrange the page around it
WRITTEN = {  # scores that have names of their own, all of them shares
    "map50": "mAP@.5",
    "map": "COCO mAP",
    "mask_map50": "mask mAP@.5",
    "oks_map": "keypoint mAP",
    "mean_iou": "mean IoU",
}
LOSSES = ("loss", "error", "fid", "dim", "likeness", "return")  # at 0 to 1 these are no shares
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def percent(fraction: object, digits: int = 1) -> str:
    """0.683 -> 68.3 %; a dash for what is no finite number."""
    value = _number(fraction)
    return "–" if math.isnan(value) else f"{100 * value:.{digits}f}{FIRM}%"


def points(fraction: object) -> str:
    """0.683 -> 68: for tables whose heading carries the sign."""
    value = _number(fraction)
    return "–" if math.isnan(value) else f"{100 * value:.0f}"


def plain(value: object) -> str:
    """0.001 stays 0.001, 1e-05 is not spelled out, 12000 becomes 12 000; what is no number stays as it is."""
    number = _number(value)
    if math.isnan(number):
        return "" if value is None else str(value)
    return f"{number:,.0f}".replace(",", NARROW) if 1e4 <= abs(number) < 1e9 else f"{number:.4g}"


def scaled(value: float) -> str:
    """138357544 -> 138.4 M: a count in thousands, millions, billions (G) or trillions (T); below 1,000 as it is."""
    for power, letter in ((12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if abs(value) >= 0.9995 * 10**power:
            shown = value / 10**power
            return f"{shown:.1f}{FIRM}{letter}" if abs(shown) < 999.95 else f"{shown:,.0f}{FIRM}{letter}"
    return f"{value:,.0f}"


def duration(seconds: object) -> str:
    """3.24 -> 3.2 s; 161 -> 2 min 41 s; 7500 -> 2 h 5 min. Empty if unknown."""
    value = _number(seconds)
    if math.isnan(value) or value < 0:
        return ""
    if value < 9.95:
        return f"{value:.1f}{FIRM}s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}{FIRM}h {minutes}{FIRM}min"
    return f"{minutes}{FIRM}min {rest}{FIRM}s" if minutes else f"{rest}{FIRM}s"


def score(name: str, value: float) -> str:
    """A task's named score for people: a share in percent, what is minus nats or a distance as these."""
    if name.endswith(("log_likelihood", "elbo")):
        return f"{-value:.3f} nats"
    if name.endswith("likeness"):
        return f"{-value:.4g} away"
    if name.endswith("return"):
        return plain(value)
    return f"{100 * value:.1f} %" if name.endswith(("accuracy", "precision", *WRITTEN)) else f"{value:.3g}"


def figure_of(name: str, value: float) -> str:
    """A score of any name, known or not: in percent if it can be a share and is not the name of a loss."""
    share = 0 <= value <= 1 and "nats" not in name and not name.endswith(LOSSES)
    return percent(value) if share else plain(value)


def measured(name: str) -> str:
    """A task's name of a score as people write it: `validation mAP@.5`."""
    part, _, kind = name.partition("_") if name.startswith(("validation_", "train_")) else ("", "", name)
    return f"{part} {WRITTEN.get(kind, kind.replace('_', ' '))}".strip()


def date(iso: object) -> str:
    """2026-02-25T06:13:20+00:00 -> 25 February 2026, 06:13 UTC; what is no date stays as it is."""
    try:
        when = datetime.fromisoformat(str(iso))
    except ValueError:
        return str(iso) if iso else ""
    zone = f" {when.tzname()}" if when.tzinfo else ""
    return f"{when.day} {when:%B %Y, %H:%M}{zone}"


def cleaned(text: str, lines: bool = False) -> str:
    """The text with a mark in place of what cannot be printed; lines: line ends and tabs of a longer text stay."""
    return UNPRINTABLE.sub(lambda found: found[0] if lines and found[0] in "\n\t" else "\ufffd", text)


def short(text: object, length: int = 60) -> str:
    """The text, its middle left out if it is longer: both ends of a file name tell something."""
    whole = str(text)
    if len(whole) <= length:
        return whole
    head = (length - 1) // 2
    return f"{whole[:head]}…{whole[len(whole) - (length - 1 - head) :]}"


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value) if math.isfinite(value) else math.nan
