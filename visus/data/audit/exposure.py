"""Are there pictures that are far too dark or far too bright?"""

import numpy as np
from numpy.typing import NDArray

from ._duplicates import luma
from ._evidence import PASS, Evidence, Verdict
from ._phrases import by_share, count, named, readable, share
from .uniform import PLAIN

DARK = 0.2  # the brightest 1 % of a picture does not reach a fifth of white (CleanVision: 0.32, at full size)
BRIGHT = 0.95  # the darkest 5 % of a picture lies above this (as CleanVision)
ODD_ONE_OUT = 0.5  # and the collection's median is twice as far from black, or white: X-rays are dark by nature
CHUNK = 4096  # pictures at a time


def check(evidence: Evidence) -> Verdict:
    """Judged within the collection. A note if such pictures are rare, else a warning. Plain pictures are left aside."""
    rows = [row for row in readable(evidence) if evidence.observations[row].contrast >= PLAIN]
    if not rows:
        return Verdict("exposure", PASS, "no picture shows enough to judge its exposure")
    high, low = _percentiles(evidence.thumbnails, rows)
    dark = high < min(DARK, ODD_ONE_OUT * float(np.median(high)))
    bright = (1 - low) < min(1 - BRIGHT, ODD_ONE_OUT * (1 - float(np.median(low))))
    brightness = np.array([evidence.observations[row].brightness for row in rows])
    usual = f"brightness is {np.median(brightness):.2f} in the median, on a scale from 0 to 1"
    if not (dark | bright).any():
        return Verdict("exposure", PASS, f"none of {count(len(rows), 'pictures')} is far too dark or bright; {usual}")
    odd = np.flatnonzero(dark | bright)
    worst = rows[max(odd, key=lambda i: abs(brightness[i] - 0.5))]
    what = (
        f"{share(int(dark.sum()), len(rows))} are far too dark, {int(bright.sum()):,} far too bright; for example "
        f"{evidence.collection.names[worst]} at {evidence.observations[worst].brightness:.2f}; {usual}"
    )
    remedy = "look at them: remove those that show nothing, keep those that are meant"
    return Verdict("exposure", by_share(len(odd), len(rows)), what, remedy, named(evidence, [rows[i] for i in odd]))


def _percentiles(thumbnails: NDArray[np.uint8], rows: list[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The 99th and the 5th percentile of luma in [0, 1], of each row."""
    found = [
        np.percentile(
            luma(thumbnails[rows[start : start + CHUNK]]).reshape(-1, thumbnails[0, ..., 0].size), (99, 5), axis=1
        )
        for start in range(0, len(rows), CHUNK)
    ]
    high, low = np.concatenate(found, axis=1) / 255
    return high, low
