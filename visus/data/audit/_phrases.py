"""What the checks' sentences have in common: figures, shares and lists that stay short."""

from collections.abc import Sequence

from ._evidence import NOTE, WARNING, Evidence

RARE = 0.01  # of the pictures: up to here a flaw is worth a look, above it is worth doing something about
SHOWN = 3  # items named in a sentence; the verdict's `names` has them all


def count(n: int, things: str) -> str:
    """`1 picture`, `1,200 pictures`; `things` is the plural in -s or, for -sses, the one in -es."""
    one = things.removesuffix("es") if things.endswith("sses") else things.removesuffix("s")
    return f"{n:,} {one if n == 1 else things}"


def share(n: int, total: int, things: str = "pictures") -> str:
    """`12 of 400 pictures (3.0 %)`."""
    return f"{n:,} of {count(total, things)} ({percent(n / max(1, total))})"


def percent(fraction: float) -> str:
    """`12.5 %`; small ones keep one figure that counts: `0.003 %`."""
    return f"{100 * fraction:.1f} %" if fraction >= 0.001 or fraction == 0 else f"{100 * fraction:.1g} %"


def listed(items: Sequence[str]) -> str:
    """`a, b, c and 5 more`."""
    more = len(items) - SHOWN
    return ", ".join(items[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def by_share(n: int, total: int) -> str:
    """Severity of a flaw that n of total pictures have."""
    return NOTE if n <= RARE * total else WARNING


def readable(evidence: Evidence) -> list[int]:
    """Rows of the pictures that could be read."""
    return [row for row, observation in enumerate(evidence.observations) if not observation.error]


def named(evidence: Evidence, rows: Sequence[int]) -> list[str]:
    return [evidence.collection.names[row] for row in rows]
