"""How good is the doctor? Judges the stored charts with the doctor as it is now; no run is repeated."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from visus.doctor.chart import Chart
from visus.doctor.diagnosis import diagnose
from visus.metrics.intervals import wilson

from .cases import Case
from .controls import CONTROLS
from .faults import FAULTS
from .harm import Harm
from .recipes import RECIPES
from .split import held_out
from .store import Record, Store

EARLY = 0.1  # of the run
WITHIN = 3
DEV, HELD_OUT = "development", "held out"


@dataclass(frozen=True)
class Share:
    """k of n."""

    k: int = 0
    n: int = 0

    def plus(self, yes: bool) -> "Share":
        return Share(self.k + bool(yes), self.n + 1)

    def __str__(self) -> str:
        if not self.n:
            return "-"
        low, high = wilson(self.k, self.n)
        return f"{self.k}/{self.n} = {self.k / self.n:.1%} ({low:.1%} to {high:.1%})"


@dataclass(frozen=True)
class Judged:
    """One examined run. causes: (kind, where and remedy), ranked. first: step of the first alarm while it ran."""

    recipe: str
    name: str
    seed: int
    alarm: bool
    causes: list[tuple[str, str]]
    first: int | None
    steps: int
    truth: float
    crashed: bool = False
    reasons: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.recipe}/{self.name}/{self.seed}"

    @property
    def part(self) -> str:
        return HELD_OUT if held_out(self.recipe, self.name) else DEV

    @property
    def faulty(self) -> bool:
        return self.name in FAULTS

    @property
    def rank(self) -> int:
        """Place of the first right cause, from 1; 0 if none is right or there was no alarm."""
        if not self.alarm or not self.faulty:
            return 0
        kinds = FAULTS[self.name].kinds
        return next((i for i, (kind, _) in enumerate(self.causes, 1) if kind in kinds), 0)

    @property
    def located(self) -> bool:
        """Whether the first cause says to change the right place."""
        if not self.alarm or not self.causes or not self.faulty:
            return False
        return any(place.lower() in self.causes[0][1].lower() for place in FAULTS[self.name].places)


@dataclass
class Figures:
    """Of one doctor on one part. Undetected faults count as wrong causes."""

    detected: Share = Share()
    false_alarms: Share = Share()
    first: Share = Share()
    within_three: Share = Share()
    located: Share = Share()
    early: Share = Share()
    treated: Share = Share()
    epochs: int = 0
    crashed: int = 0

    @property
    def per_100_epochs(self) -> float:
        return 100 * self.false_alarms.k / self.epochs if self.epochs else float("nan")


def by_doctor(store: Store, harm: Mapping[tuple[str, str], Harm]) -> list[Judged]:
    """Every examined run, its stored chart judged by the doctor as it is now."""
    found = []
    for key, record in store.records("examine").items():
        recipe, name, seed = key.split("/")
        if not _counts(recipe, name, harm):
            continue
        if "crashed" in record:
            found.append(Judged(recipe, name, int(seed), False, [], None, 0, float("nan"), True))
            continue
        diagnosis = diagnose(Chart.from_dict(store.chart(key)))
        causes = [(cause.kind, f"{cause.where} {cause.remedy}") for cause in diagnosis.causes]
        # A healthy run must not be alarmed at its end, nor at any time before.
        alarm = diagnosis.alarm or (name in CONTROLS and diagnosis.first_alarm is not None)
        found.append(
            Judged(
                *(recipe, name, int(seed), alarm, causes, diagnosis.first_alarm),
                *(record["steps"], record["truth"]),
                reasons=[
                    *diagnosis.outcome.reasons,
                    *(f"{c.kind} {c.weight:.2f}: {c.what}" for c in diagnosis.causes[:WITHIN]),
                ],
            )
        )
    return found


def by_rivals(store: Store, harm: Mapping[tuple[str, str], Harm]) -> dict[str, list[Judged]]:
    """The same of each other doctor, as it judged then."""
    found: dict[str, list[Judged]] = defaultdict(list)
    for key, record in store.records("rivals").items():
        recipe, name, seed = key.split("/")
        if not _counts(recipe, name, harm):
            continue
        for rival, verdict in record["verdicts"].items():
            causes = [(kind, kind) for kind in verdict["kinds"]]
            found[rival].append(
                Judged(
                    *(recipe, name, int(seed), verdict["alarm"], causes, verdict["first"]),
                    *(record["steps"], record["truth"]),
                    reasons=verdict["reasons"],
                )
            )
    return found


def figures(judged: Iterable[Judged], treated: Mapping[str, Record] | None = None) -> Figures:
    """Counts over some runs."""
    f = Figures()
    for one in judged:
        f.crashed += one.crashed
        if not one.faulty:
            f.false_alarms = f.false_alarms.plus(one.alarm)
            f.epochs += epochs(one)
            continue
        f.detected = f.detected.plus(one.alarm)
        f.first = f.first.plus(one.rank == 1)
        f.within_three = f.within_three.plus(1 <= one.rank <= WITHIN)
        f.located = f.located.plus(one.located)
        if FAULTS[one.name].early:
            f.early = f.early.plus(one.alarm and one.first is not None and one.first <= max(2, EARLY * one.steps))
        record = (treated or {}).get(one.key)
        if record:
            f.treated = f.treated.plus(record["restored"])
    return f


def epochs(one: Judged) -> int:
    """How many epochs the run has."""
    return Case(one.recipe, one.name, one.seed).plan.epochs


def mistakes(judged: Iterable[Judged], part: str) -> list[str]:
    """A line for every wrong verdict of a part: what it was, and what was said. For choosing thresholds."""
    lines = []
    for one in sorted(judged, key=lambda j: (j.faulty, j.name, j.recipe, j.seed)):
        if one.part != part or (one.rank == 1 if one.faulty else not one.alarm and not one.crashed):
            continue
        wrong = (
            "CRASHED"
            if one.crashed
            else "FALSE ALARM"
            if not one.faulty
            else "missed"
            if not one.alarm
            else f"rank {one.rank}"
        )
        right = "|".join(sorted(FAULTS[one.name].kinds)) if one.faulty else ""
        lines.append(
            f"{wrong:11s} {one.key} truth {one.truth:.2f} [{right}] -> " + ("; ".join(one.reasons) or "nothing")
        )
    return lines


def per_fault(judged: Sequence[Judged], harm: Mapping[tuple[str, str], Harm]) -> list[dict[str, Any]]:
    """One row a fault: what it does to the outcome, and how it was judged."""
    rows = []
    for name, fault in FAULTS.items():
        runs = [one for one in judged if one.name == name]
        drops = [h.drop for (_, n), h in harm.items() if n == name and h.harmful]
        if not runs:
            continue
        said = Counter(one.causes[0][0] for one in runs if one.alarm and one.causes)
        rows.append(
            {
                "fault": name,
                "section": fault.section,
                "says": fault.says,
                "held_out": fault.held_out,
                "drop": sum(drops) / len(drops),
                "detected": f"{sum(one.alarm for one in runs)}/{len(runs)}",
                "first": f"{sum(one.rank == 1 for one in runs)}/{len(runs)}",
                "within_three": f"{sum(1 <= one.rank <= WITHIN for one in runs)}/{len(runs)}",
                "said": ", ".join(f"{kind} {n}" for kind, n in said.most_common(3)),
            }
        )
    return rows


def per_control(judged: Sequence[Judged], healthy: Mapping[str, float]) -> list[dict[str, Any]]:
    """One row a control. outcome: the least of its recipes, as share of what the healthy recipe gains over chance."""
    rows = []
    for name, control in CONTROLS.items():
        runs = [one for one in judged if one.name == name]
        if not runs:
            continue
        gains: dict[str, list[float]] = defaultdict(list)
        for one in runs:
            gains[one.recipe].append(one.truth)
        shares = {
            recipe: (sum(truths) / len(truths) - chance(recipe)) / (healthy[recipe] - chance(recipe))
            for recipe, truths in gains.items()
            if recipe in healthy
        }
        said = Counter(one.causes[0][0] for one in runs if one.alarm and one.causes)
        rows.append(
            {
                "control": name,
                "says": control.says,
                "held_out": control.held_out,
                "outcome": min(shares.values(), default=float("nan")),
                "own_task": control.own_task,
                "alarms": f"{sum(one.alarm for one in runs)}/{len(runs)}",
                "said": ", ".join(f"{kind} {n}" for kind, n in said.most_common(3)),
            }
        )
    return rows


def chance(recipe: str) -> float:
    return 1 / len(RECIPES[recipe]().classes)


def unchanged(store: Store) -> tuple[int, int]:
    """(same, compared): runs whose weights ended bit for bit as without a watcher."""
    watched, alone = store.records("examine"), store.records("harm") | store.records("rivals")
    both = [key for key in watched if key in alone and "crashed" not in watched[key]]
    return sum(watched[key]["fingerprint"] == alone[key]["fingerprint"] for key in both), len(both)


def _counts(recipe: str, name: str, harm: Mapping[tuple[str, str], Harm]) -> bool:
    """Controls, and faults that hurt."""
    return name in CONTROLS or ((recipe, name) in harm and harm[recipe, name].harmful)
