"""A text with a number for each symbol, as coloured spans: blue above 0, red below, deeper for larger."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .wording import cleaned

LEVELS = 5  # shades of each colour; the classes p1 to p5 and n1 to n5 of style.html
LINE_END = "↵"


@dataclass(frozen=True)
class Passage:
    """values (T,) in [-1, 1], one for each of the T symbols; NaN is shown without colour."""

    title: str
    symbols: Sequence[str]
    values: NDArray[np.float64]
    reading: str

    @property
    def spans(self) -> list[tuple[str, str]]:
        """(class, text) of neighbours of one shade, in order; the class is '' where there is no colour."""
        found: list[tuple[str, str]] = []
        for symbol, value in zip(self.symbols, self.values.tolist(), strict=True):
            shade, shown = _shade(value), LINE_END + "\n" if symbol == "\n" else cleaned(symbol)
            if found and found[-1][0] == shade:
                found[-1] = shade, found[-1][1] + shown
            else:
                found.append((shade, shown))
        return found


def _shade(value: float) -> str:
    if not np.isfinite(value):
        return ""
    level = min(LEVELS, round(LEVELS * abs(value)))
    return f"{'p' if value > 0 else 'n'}{level}" if level else ""
