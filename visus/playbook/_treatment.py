"""What trials said about remedies: the figures, the best of them, and how it is told in plain text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ._remedies import spoken

HEALTHY, HELPED, NOTHING, UNFINISHED, BY_HAND = "healthy", "helped", "nothing helped", "unfinished", "by hand"
AS_IS = "as it is"
NAME = 28  # letters a remedy is given before its figures


@dataclass(frozen=True)
class Plan:
    """Lengths of the trials as shares of the run: confirming, screening. whole_s: estimated seconds of the whole run.
    steps: of a confirming trial of the run as it is."""

    share: float
    screening: float
    whole_s: float
    steps: int


@dataclass(frozen=True)
class Trial:
    """One short training. share: of the run's length. score: the first of the scores, higher is better. outcome: hurt,
    fine or unclear, '' where nobody watched."""

    change: Mapping[str, Any]
    seed: int
    share: float
    steps: int
    scored: str
    score: float
    diverged: bool
    seconds: float
    outcome: str = ""


@dataclass(frozen=True)
class Compared:
    """A remedy against the run as it is, over n seeds: mean scores, their difference and its 95 % interval.

    pairs, outcomes: of each seed, (as it is, with the remedy).
    """

    change: Mapping[str, Any]
    cause: str
    n: int
    before: float
    after: float
    difference: float
    low: float
    high: float
    helps: bool
    pairs: Sequence[tuple[float, float]] = ()
    outcomes: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Treatment:
    """How a run was treated. state: healthy, helped, nothing helped, unfinished, or by hand.

    settings: values now of what was changed. as_is, screened: one trial each, (remedy, cause, trial). compared: over
    several seeds. best: the remedy to keep. command: trains with it. by_hand: what no setting can express. why: what
    cut the trials short.
    """

    state: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    plan: Plan | None = None
    as_is: Trial | None = None
    screened: Sequence[tuple[Mapping[str, Any], str, Trial]] = ()
    compared: Sequence[Compared] = ()
    best: Compared | None = None
    command: str = ""
    by_hand: Sequence[str] = ()
    why: str = ""
    seconds: float = 0.0

    @property
    def diff(self) -> list[tuple[str, str]]:
        """The best remedy as lines: ('-', 'lr = 10'), ('+', 'lr = 0.1')."""
        change = self.best.change if self.best else {}
        return [
            line
            for name, value in change.items()
            for line in (("-", f"{name} = {spoken(self.settings.get(name))}"), ("+", f"{name} = {spoken(value)}"))
        ]

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.state == HEALTHY:
            return "Nothing to treat: there is no alarm."
        if self.best:
            return f"{said(self.best.change)} helps: {self._gain(self.best)}."
        if self.state == UNFINISHED:
            return f"Not proved yet: {self.why}."
        if self.state == NOTHING:
            return f"None of the {len(self.screened)} changes of settings that were tried helps."
        return "No setting can be tried against this; what is to be done is to be done by hand."

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"verdict": self.verdict, "diff": self.diff}

    def __str__(self) -> str:
        return "\n".join([self.verdict, *self._body()])

    def _body(self) -> Iterator[str]:
        yield from (f"    {sign} {line}" for sign, line in self.diff)
        if self.command:
            yield from ("", "To train with it", f"  {self.command}")
        if self.compared:
            yield from ("", f"Compared over seeds ({self._length})")
            yield from (f"  {said(found.change):<{NAME}} {self._gain(found)}" for found in self.compared)
        if self.as_is:
            yield from ("", f"Tried once ({self._name})", f"  {AS_IS:<{NAME}} {self._shown(self.as_is)}")
        for change, cause, trial in self.screened:
            yield f"  {said(change):<{NAME}} {self._shown(trial):<18} {cause.replace('_', ' ')}"
        if self.by_hand:
            yield from ("", "To be done by hand", *(f"  - {text}" for text in self.by_hand))
        if self.why and self.best:
            yield from ("", f"Cut short: {self.why}")

    @property
    def _name(self) -> str:
        return self.as_is.scored.replace("_", " ") if self.as_is else "score"

    @property
    def _length(self) -> str:
        assert self.plan is not None
        share = f"{self.plan.share:.0%} of the run" if self.plan.share < 1 else "as long as the run"
        return f"{self.plan.steps} steps, {share}"

    def _gain(self, found: Compared) -> str:
        return (
            f"{self._name} {self._value(found.before)} to {self._value(found.after)}, "
            f"{self._points(found.difference)}{' points' if self._in_percent else ''} "
            f"(95 % interval {self._points(found.low)} to {self._points(found.high)}, {found.n} seeds)"
        )

    def _shown(self, trial: Trial) -> str:
        return self._value(trial.score) + (" (diverged)" if trial.diverged else "")

    @property
    def _in_percent(self) -> bool:
        return self._name.endswith("accuracy")

    def _value(self, score: float) -> str:
        return f"{100 * score:.1f} %" if self._in_percent else f"{score:.4g}"

    def _points(self, difference: float) -> str:
        return f"{100 * difference:+.1f}" if self._in_percent else f"{difference:+.3g}"


def said(change: Mapping[str, Any]) -> str:
    """A remedy in a few words: 'lr 0.1, batch 32'."""
    return ", ".join(f"{name} {spoken(value)}" for name, value in change.items()) or AS_IS
