"""Is a change better? Differences between trials with the same seed, and how sure their mean is."""

import math
from collections.abc import Sequence
from statistics import mean, stdev

from ..metrics.paired import Difference

__all__ = ["Difference", "paired"]


def paired(before: Sequence[float], after: Sequence[float], confidence: float = 0.95) -> Difference:
    """after - before, pair by pair: (n,) and (n,), each pair sharing its seed, so that what the seed does cancels out.

    The interval is Student's t on the differences; its ends are NaN for a single pair. Raises ValueError if the two are
    not of one length, or empty.
    """
    if len(before) != len(after) or not before:
        raise ValueError(f"pairs need as many values before as after, at least one; got {len(before)} and {len(after)}")
    differences = [b - a for a, b in zip(before, after, strict=True)]
    n, middle = len(differences), mean(differences)
    if n < 2:
        return Difference(middle, math.nan, math.nan, n)
    from scipy.stats import t  # takes a while, and most commands never compare anything

    reach = float(t.ppf((1 + confidence) / 2, n - 1)) * stdev(differences) / math.sqrt(n)
    return Difference(middle, middle - reach, middle + reach, n)
