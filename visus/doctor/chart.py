"""The chart of a patient: everything measured of one run, plain numbers of bounded size, kept beside its record."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

MOST_POINTS, MOST_SAMPLES, MOST_EVALUATIONS = 256, 200, 200

Sample = dict[str, Any]


@dataclass
class Trace:
    """A figure of every step in at most MOST_POINTS blocks of equal length: no step is left out, memory stays small.

    blocks: [first step, values, mean, smallest, largest, mean of squared differences between neighbours].
    """

    length: int = 1
    blocks: list[list[float]] = field(default_factory=list)
    last: float = math.nan
    count: int = 0
    first_not_finite: int = -1

    def add(self, step: int, value: float) -> None:
        """Take in the value of one step; what is not finite is counted, not averaged."""
        if not math.isfinite(value):
            if self.first_not_finite < 0:
                self.first_not_finite = step
            return
        change = 0.0 if math.isnan(self.last) else value - self.last
        jump = change * change  # ** would raise where this overflows to infinity
        if self.blocks and self.blocks[-1][1] < self.length:
            first, n, mean, low, high, rough = self.blocks[-1]
            mean, rough = mean + (value - mean) / (n + 1), rough + (jump - rough) / (n + 1)
            self.blocks[-1] = [first, n + 1, mean, min(low, value), max(high, value), rough]
        else:
            self.blocks.append([step, 1, value, value, value, jump])
        self.last, self.count = value, self.count + 1
        if len(self.blocks) > MOST_POINTS:
            self.blocks = [_joined(*self.blocks[i : i + 2]) for i in range(0, len(self.blocks), 2)]
            self.length *= 2

    def mean(self, begin: float, end: float) -> float:
        """Mean over a stretch of the run, in shares of it: mean(0.9, 1) is the last tenth. NaN if nothing is there."""
        n = len(self.blocks)
        first, last = math.floor(begin * n), max(math.floor(begin * n) + 1, math.ceil(end * n))
        part = self.blocks[first:last]
        weight = sum(block[1] for block in part)
        return sum(block[1] * block[2] for block in part) / weight if weight else math.nan

    def noise(self, begin: float = 0.0, end: float = 1.0) -> float:
        """Standard deviation from step to step: of neighbours' differences, so that a trend does not count."""
        n = len(self.blocks)
        part = self.blocks[math.floor(begin * n) : math.ceil(end * n)]
        weight = sum(block[1] for block in part)
        return math.sqrt(sum(block[1] * block[5] for block in part) / weight / 2) if weight else math.nan

    @property
    def curve(self) -> list[list[float]]:
        """[step, mean] of every block, for a figure."""
        return [[block[0], block[2]] for block in self.blocks]


def _joined(a: list[float], b: list[float] | None = None) -> list[float]:
    if b is None:
        return a
    n = a[1] + b[1]
    mean, rough = (a[1] * a[2] + b[1] * b[2]) / n, (a[1] * a[5] + b[1] * b[5]) / n
    return [a[0], n, mean, min(a[3], b[3]), max(a[4], b[4]), rough]


@dataclass
class Chart:
    """What the instruments measured. Watchers read it; nothing in it refers to the model.

    facts: what does not change: tensors, layers, optimizers, planned steps. losses: of every step. samples: measured
    at some steps (`instruments.due`), oldest first. evaluations: whatever was scored on held-out data. units: dead
    units per layer, by window. counts: events counted over the whole run. consultation: what was tried on a copy with
    a few kept examples, last time. unexamined: what could not be measured, and why.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    losses: Trace = field(default_factory=Trace)
    samples: list[Sample] = field(default_factory=list)
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    units: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, float] = field(default_factory=dict)
    consultation: dict[str, Any] = field(default_factory=dict)
    unexamined: list[str] = field(default_factory=list)
    steps: int = 0
    first_alarm: int | None = None

    def count(self, what: str, n: float = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + n

    def cannot(self, what: str, why: str) -> None:
        """Note once what is not examined."""
        sentence = f"{what}: {why}"
        if sentence not in self.unexamined:
            self.unexamined.append(sentence)

    def add_sample(self, sample: Sample) -> None:
        """Keep a sample; when there are too many, every second one of the older half goes."""
        self.samples.append(sample)
        if len(self.samples) > MOST_SAMPLES:
            half = len(self.samples) // 2
            self.samples = self.samples[:half:2] + self.samples[half:]

    def add_evaluation(self, evaluation: dict[str, Any]) -> None:
        self.evaluations.append(evaluation)
        if len(self.evaluations) > MOST_EVALUATIONS:
            half = len(self.evaluations) // 2
            self.evaluations = self.evaluations[:half:2] + self.evaluations[half:]

    def having(self, *path: str) -> Iterator[tuple[Sample, Any]]:
        """(sample, value) of the samples that have a value under these nested names."""
        for sample in self.samples:
            value: Any = sample
            for name in path:
                value = value.get(name) if isinstance(value, Mapping) else None
            if value is not None:
                yield sample, value

    def values(self, *path: str, begin: float = 0.0, end: float = 1.0) -> list[Any]:
        """Values under these names, of the samples in a stretch of the run given in shares of its steps."""
        low, high = begin * self.steps, end * self.steps
        return [value for sample, value in self.having(*path) if low <= sample["step"] <= high]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> "Chart":
        """The chart that `to_dict` wrote. Raises ValueError if it is something else."""
        try:
            trace = Trace(**{name: _number(value) for name, value in found["losses"].items()})
            measured = {"losses": trace, "samples": [_numbers(sample) for sample in found["samples"]]}
            measured["consultation"] = _numbers(found["consultation"])
            measured["evaluations"] = [
                {**e, **({"consulted": _numbers(e["consulted"])} if "consulted" in e else {})}
                for e in found["evaluations"]
            ]
            return cls(**{**found, **measured})
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is no chart of a run ({error}); was it written by another version?") from error


def _numbers(value: Any) -> Any:
    """JSON knows no NaN and says null; in what was measured at a step, null is nothing else."""
    if isinstance(value, Mapping):
        return {name: _numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return _number(value)


def _number(value: Any) -> Any:
    return math.nan if value is None else value
