"""What a search looks through and what it has found."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

Value = float | int | str | bool
Settings = Mapping[str, Value]


@dataclass(frozen=True)
class Span:
    """The values of one setting, from low to high. whole: whole numbers only.

    least, most: what the setting may be at all; a span is never widened beyond.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False
    least: float = -math.inf
    most: float = math.inf

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(f"a span needs low < high, and low > 0 on a log scale; got {self.low:g} to {self.high:g}")

    def place(self, value: float) -> float:
        """How far along the span a value lies, 0 to 1; below 0 or above 1 outside of it."""
        low, high, value = (math.log(v) if self.log else v for v in (self.low, self.high, value))
        return (value - low) / (high - low)

    def at(self, share: float) -> float:
        """The value so far along the span, whole where it must be, and never beyond what the setting may be."""
        value = self._between(share)
        return round(value) if self.whole else value

    def part(self, low: float, high: float) -> "Span":
        """The span from one share of this one to another, which may lie outside of it."""
        ends = self._between(low), self._between(high)
        return Span(*ends, self.log, self.whole, self.least, self.most) if ends[0] < ends[1] else self

    def _between(self, share: float) -> float:
        if share in (0.0, 1.0):
            return self.high if share else self.low  # not through a logarithm and back
        low, high = (math.log(v) if self.log else v for v in (self.low, self.high))
        value = low + share * (high - low)
        return min(max(math.exp(value) if self.log else value, self.least), self.most)


@dataclass(frozen=True)
class Choices:
    """The values of one setting, one by one: words, or numbers that somebody listed."""

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if not self.values or len(set(self.values)) < len(self.values):
            raise ValueError(f"choices must be different values, at least one; got {', '.join(map(str, self.values))}")

    def at(self, share: float) -> Value:
        """The value so far along the list, 0 to 1."""
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]


Space = Mapping[str, Span | Choices]


@dataclass(frozen=True)
class Trial:
    """One try. score: higher is better; None if it diverged, which is a result too.

    collapsed: it ended, but no better than a blind guess.
    """

    round: int
    settings: Settings
    score: float | None
    seconds: float = 0.0
    epochs: float = 0.0
    collapsed: bool = False

    @property
    def diverged(self) -> bool:
        return self.score is None


@dataclass(frozen=True)
class Round:
    """trials: how many. length: how long each one is, in whatever the trial function counts (epochs)."""

    trials: int
    length: float


@dataclass
class Search:
    """What was tried, and where the best lies.

    spans: where the latest round looked. borders: settings whose best value lies at the edge of that. unstable: those
    whose best value lies just below values with which training diverged or collapsed. lengths: of each round's trials.
    widened: those whose span the latest round widened, because the best lay on its border.
    """

    trials: list[Trial] = field(default_factory=list)
    spans: dict[str, Span | Choices] = field(default_factory=dict)
    borders: list[str] = field(default_factory=list)
    unstable: list[str] = field(default_factory=list)
    lengths: dict[int, float] = field(default_factory=dict)
    widened: list[str] = field(default_factory=list)

    @property
    def ranked(self) -> list[Trial]:
        """The finite trials of the greatest length that has any, best first: longer trials say more."""
        finite = [trial for trial in self.trials if trial.score is not None]
        longest = max((self.lengths.get(trial.round, 0.0) for trial in finite), default=0.0)
        last = [trial for trial in finite if self.lengths.get(trial.round, 0.0) == longest]
        return sorted(last, key=lambda trial: -(trial.score or 0.0))

    @property
    def best(self) -> Trial | None:
        """The best of the longest trials, None if all diverged."""
        return next(iter(self.ranked), None)
