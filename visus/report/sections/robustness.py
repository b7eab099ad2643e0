"""What the model was found to stand: attacks, and changes as the world makes them."""

from typing import Any

from ...metrics.intervals import wilson
from ...runs.robustness import ATTACKS, CORRUPTIONS
from ..figures.robustness import corrupted, curve
from ..record import Record, mapping, number, sequence
from ..wording import percent, plain

NORMS = {"linf": "each value by at most epsilon", "l2": "a change as a whole no longer than epsilon"}


def gather(record: Record) -> dict[str, Any] | None:
    """Charts, and the sentences under them; None if neither `visus attack` nor `visus stress` was run."""
    measured = mapping(record.robustness)
    attacks = [_attacks(norm, mapping(found)) for norm, found in mapping(measured.get(ATTACKS)).items()]
    charts = [chart for chart in attacks if chart]
    corruptions = _corruptions(mapping(measured.get(CORRUPTIONS)))
    if not charts and not corruptions:
        return None
    return {
        "charts": [chart for chart, _ in [*charts, *([corruptions] if corruptions else [])]],
        "sentences": [sentence for _, sentence in [*charts, *([corruptions] if corruptions else [])]],
        "missing": _missing(bool(charts), bool(corruptions)),
    }


def _attacks(norm: str, found: dict[str, Any]) -> tuple[Any, str] | None:
    epsilons = [number(e) for e in sequence(found.get("epsilons"))]
    n = int(found["n"]) if number(found.get("n")) > 0 else 0
    standing = {
        name: [int(count) for count in counts]
        for name, counts in mapping(found.get("standing")).items()
        if isinstance(counts, list) and len(counts) == len(epsilons) and all(_counts(c, n) for c in counts)
    }
    if norm not in NORMS or not n or len(epsilons) < 2 or not standing:
        return None
    together = sequence(found.get("together"))
    worst = together[-1] if together and _counts(together[-1], n) else min(counts[-1] for counts in standing.values())
    low, high = wilson(int(worst), n)
    scale, unit = (255, " of 255") if norm == "linf" else (1, "")
    *others, last = standing
    named = f"{', '.join(others)} and {last}" if others else last
    sentence = (
        f"At epsilon {plain(scale * epsilons[-1])}{unit} {percent(worst / n)} of {n} {found.get('part', 'pictures')} "
        "stand "
        f"{named} (95 % interval {percent(low)} to {percent(high)}), changing {NORMS[norm]}. No attack proves "
        "robustness; a stronger one may leave less."
    )
    return curve(epsilons, standing, n, norm), sentence


def _corruptions(found: dict[str, Any]) -> tuple[Any, str] | None:
    accuracy = {
        name: [number(share) for share in shares]
        for name, shares in mapping(found.get("accuracy")).items()
        if isinstance(shares, list) and shares and all(0 <= number(share) <= 1 for share in shares)
    }
    clean = number(found.get("clean"))
    if not accuracy or not 0 <= clean <= 1:
        return None
    means = {name: sum(shares) / len(shares) for name, shares in accuracy.items()}
    worst, best = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    sentence = (
        f"Of the changes that happen by themselves {worst} hurts most ({percent(means[worst])} on average over the "
        f"severities, {percent(clean)} unchanged), {best} least ({percent(means[best])})."
    )
    return corrupted(accuracy, clean), sentence


def _counts(value: object, n: int) -> bool:
    return 0 <= number(value) <= n


def _missing(attacks: bool, corruptions: bool) -> str:
    if not attacks:
        return "Attacks were not tried: visus attack RUN measures them."
    return "" if corruptions else "Noise, blur, bad light and the like were not tried: visus stress RUN measures them."
