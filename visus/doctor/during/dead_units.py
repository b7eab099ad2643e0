"""Are there units that answer to no example at all? Counted per unit over a window of updates, never per entry."""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "the largest gradient of each unit's weights at measured updates"

MANY, MOST = 0.4, 0.9  # of a layer's units, in two windows or more


def look(chart: Chart) -> list[Finding]:
    if not chart.units:
        return []
    windows = chart.units[-3:]
    names = [n for n in windows[-1]["dead"] if all(n in w["dead"] for w in windows)]
    tensors = list(chart.facts.get("tensors", {}))
    last = next((n for n in reversed(tensors) if len(chart.facts["tensors"][n]["shape"]) >= 2), "")
    shares = {n: min(w["dead"][n][0] / w["dead"][n][1] for w in windows) for n in names if n != last}
    frozen = set(chart.facts.get("frozen", [])) | readings.looked_up(chart)
    bad = {n: s for n, s in shares.items() if s >= MANY and n not in frozen}
    if not bad:
        return []
    name, share = max(bad.items(), key=lambda item: item[1])
    whole = all(s >= 0.999 for s in bad.values()) and len(bad) >= len(shares) - 1
    return [
        Finding(
            NOTE,
            f"{share:.0%} of the units of {name} got no gradient "
            f"in {sum(w['updates'] for w in windows)} measured updates",
            f"below {MANY:.0%}",
            "dead units: a ReLU that no example switches on, after a step that was too large or a bias too negative",
            "lower the learning rate, start biases at 0 (or slightly above), He initialisation, leaky ReLU or ELU",
            kind="dead_units",
            where=name,
            weight=0.3 if whole else 0.75 if share > MOST else 0.5,
        )
    ]
