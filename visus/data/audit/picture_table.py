"""Are the pictures of one kind: format, colour mode and orientation?"""

from collections.abc import Mapping

from ._evidence import NOTE, PASS, Evidence, Verdict
from ._phrases import listed, named, readable
from ._table import table

WAYS = {"format": "formats", "mode": "colour modes", "orientation": "EXIF orientations"}


def check(evidence: Evidence) -> Verdict:
    """A note if kinds are mixed. `names` are the pictures that are not of the most frequent kind."""
    counts = table(evidence)
    sizes = len(counts["size"])
    in_sizes = (
        "one size" if sizes == 1 else f"{sizes} sizes" if "other" not in counts["size"] else f"over {sizes - 1} sizes"
    )
    mixed = [
        f"{len(counts[key])} {plural} ({_shown(counts[key])})" for key, plural in WAYS.items() if len(counts[key]) > 1
    ]
    turned = sum(n for orientation, n in counts["orientation"].items() if orientation != "1")
    if not mixed and not turned:
        kind = " ".join(next(iter(counts[key]), "") for key in ("mode", "format"))
        return Verdict(
            "picture_table", PASS, f"all pictures are {kind}, in {in_sizes}" if kind.strip() else "no pictures"
        )
    if turned and len(counts["orientation"]) == 1:
        mixed.append(f"one EXIF orientation ({_shown(counts['orientation'])}), not upright")
    usual = {key: next(iter(counts[key])) for key in WAYS} | {"orientation": "1"}
    seen = evidence.observations
    odd = [r for r in readable(evidence) if any(str(getattr(seen[r], key)) != value for key, value in usual.items())]
    remedy = (
        "nothing, if that is meant: everything is decoded to upright RGB, opacity on white; "
        "make sure that no class is photographed or stored in a way of its own"
    )
    return Verdict(
        "picture_table", NOTE, f"pictures come in {' and '.join(mixed)}, in {in_sizes}", remedy, named(evidence, odd)
    )


def _shown(counts: Mapping[str, int]) -> str:
    return listed([f"{value or 'unknown'}: {n:,}" for value, n in counts.items()])
