"""What a search looks through and what it has found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Settings = Mapping[str, float]


@dataclass(frozen=True)
class Span:
    """The values of one setting, from low to high."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(f"a span needs low < high, and low > 0 on a log scale; got {self.low:g} to {self.high:g}")


@dataclass(frozen=True)
class Trial:
    """One try. score: higher is better; None if it diverged, which is a result too."""

    round: int
    settings: Settings
    score: float | None
    seconds: float = 0.0
    epochs: float = 0.0

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
    """What was tried, and where the best lies. borders: settings whose best value lies at the edge of its last span."""

    trials: list[Trial] = field(default_factory=list)
    spans: dict[str, Span] = field(default_factory=dict)
    borders: list[str] = field(default_factory=list)

    @property
    def best(self) -> Trial | None:
        """The best trial of the latest round in which one did not diverge: longer trials say more."""
        finite = [trial for trial in self.trials if trial.score is not None]
        if not finite:
            return None
        last = max(trial.round for trial in finite)
        return max((t for t in finite if t.round == last), key=lambda t: t.score or 0.0)
