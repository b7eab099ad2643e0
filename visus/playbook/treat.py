"""Treat an ill run: short trials of every remedy against the run as it is, and only what helps is kept.

The trials of a pair have the same pictures, the same split and the same seed, so the same first weights and the same
batches; only the remedy differs. One seed screens all remedies, fresh seeds confirm the best of them, so that no
interval flatters a remedy that was chosen for its luck.
"""

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from ..doctor._text import clean, title
from ..doctor.diagnosis import Diagnosis
from ..doctor.post_mortem import post_mortem
from ..engine.probe import cost
from ..report.page import write
from ..runs.reader import Run
from ..runs.recorder import Journal
from ._paired import paired
from ._patient import admit
from ._remedies import Remedy, further, propose
from ._session import Budget, Show, Silent
from ._treatment import BY_HAND, HEALTHY, HELPED, NOTHING, UNFINISHED, Compared, Plan, Treatment, Trial
from ._trials import EVALUATIONS, INTERRUPT, TREATMENT, Stop, Trials

BUDGET_S = 300.0
MOST_SCREENED = 16  # remedies tried once; further doses may follow
MOST_FURTHER = 3  # doses beyond those that were listed, each ten times further
FINALISTS = 2  # remedies of different settings that are compared over seeds
SEEDS, MOST_SEEDS = 3, 6  # of a comparison; more where its answer is open and there is time
SCREEN = 0.5  # length of a screening trial, of a confirming one, where the budget does not allow whole runs
FEWEST_STEPS, FEWEST_SHARE = 30, 0.05  # a shorter trial says nothing of the run
REAL = 0.01  # smallest difference worth a setting: a point of accuracy, or a hundredth of another score
PLANNED = 0.8  # share of the budget that is planned: a measured step is only an estimate


def treat(
    run: Run, show: Show | None = None, budget: float = BUDGET_S, diagnosis: Diagnosis | None = None
) -> Treatment:
    """Try remedies on a run that raises an alarm, keep what helps, write it into treatment.json and the report.

    budget: seconds. Finished trials of an earlier treatment with the same budget are used again. Raises LookupError,
    ValueError or FileNotFoundError for a run that cannot be trained again, saying why.
    """
    diagnosis = diagnosis or post_mortem(run)
    if not diagnosis.alarm:
        return Treatment(HEALTHY)
    clock, show = Budget(budget), show or Silent()
    show.progress("treat", 0, 1, "looking at the pictures")
    patient = admit(run)
    remedies, no_setting = propose(diagnosis.causes, patient.form, patient.settings, patient.given)
    trials = Trials(run.folder / TREATMENT, patient, clock, show)
    course = Course(trials)
    with _threads(int(run.info["hardware"].get("threads", 1))):
        why = course.take(remedies[:MOST_SCREENED])
    by_hand = [f"{title(finding)}: {clean(finding.remedy)}" for finding in no_setting]
    found = course.conclude(why, by_hand)
    trials.keep(found.to_dict())
    journal = Journal(run.folder)
    journal.note("treatment", **found.to_dict())
    journal.close()
    write(run.folder)
    return found


class Course:
    """The course of a treatment: which trials are made, and what follows from them."""

    def __init__(self, trials: Trials) -> None:
        self.trials, self.patient, self.clock = trials, trials.patient, trials.clock
        self.plan = Plan(1.0, 1.0, 0.0, 0)
        self.screened: list[Remedy] = []
        self.finalists: list[Remedy] = []
        self.seeds: list[int] = []

    def take(self, remedies: Sequence[Remedy]) -> str:
        """Make the trials; returns '' or what cut them short."""
        try:
            if remedies and self._has_training():
                self._settle(len(remedies))
                self._screen(remedies)
                self._confirm()
        except Stop as stop:
            return str(stop)
        except KeyboardInterrupt:
            return INTERRUPT
        return ""

    def conclude(self, why: str, by_hand: Sequence[str]) -> Treatment:
        """What the trials say so far."""
        compared = [c for c in map(self._compared, self.finalists) if c is not None]
        best = self._best([c for c in compared if c.helps])
        state = HELPED if best else UNFINISHED if why else NOTHING if self.screened else BY_HAND
        changed = [name for remedy in (*self.screened, *self.finalists) for name in remedy.change]
        seed, plan = self.patient.seed, self.plan
        once = [(r.change, r.cause, self.trials.find(r.change, seed, plan.screening)) for r in self.screened]
        return Treatment(
            state=state,
            settings={name: self.patient.settings[name] for name in changed},
            plan=plan,
            as_is=self.trials.find({}, seed, plan.screening),
            screened=[(change, cause, trial) for change, cause, trial in once if trial],
            compared=compared,
            best=best,
            command=self.patient.command(best.change) if best else "",
            by_hand=by_hand,
            why=why,
            seconds=self.trials.seconds,
        )

    def _has_training(self) -> bool:
        """Whether anything descends: a learner that only remembers has no training to treat."""
        return any(objective.parameters for objective in self.patient.task({}, self.patient.seed, 1.0).objectives)

    # -- the plan -------------------------------------------------------------------------------------------------

    def _settle(self, n: int) -> None:
        """How long trials are. It rests on a measurement, so a second treatment follows the plan of the first."""
        self.trials.expected = n + 1 + SEEDS * (1 + FINALISTS)
        self.trials.recall()
        if self.trials.plan is None:
            self.trials.show.progress("treat", 0, self.trials.expected, "measuring a few steps")
            self.trials.plan = self._lengths(n)
        self.plan = self.trials.plan

    def _lengths(self, n: int) -> Plan:
        task = self.patient.task({}, self.patient.seed, 1.0)
        measured = cost(task)
        whole_s = task.steps * measured.seconds_per_step + EVALUATIONS * measured.seconds_per_evaluation
        affordable = PLANNED * self.clock.left / whole_s  # whole runs
        confirming = SEEDS * (2 + FINALISTS)  # as it is, the finalists, and two of them together
        share = screening = affordable / (confirming + n + 1)
        if share < 1:
            share = affordable / (confirming + SCREEN * (n + 1))
            screening = SCREEN * share
        # Where that is too short the likeliest remedies come first, and the clock ends it.
        fewest = min(1.0, max(FEWEST_SHARE, FEWEST_STEPS / task.steps))
        share, screening = (min(1.0, max(fewest, length)) for length in (share, screening))
        least_s = math.ceil(whole_s * (2 * screening + 2 * SEEDS * share))
        if least_s > self.clock.left:
            raise Stop(f"to compare one remedy takes about {least_s} s; give more time (--budget {2 * least_s}s)")
        return Plan(share, screening, whole_s, max(1, round(share * task.steps)))

    # -- the trials -----------------------------------------------------------------------------------------------

    def _screen(self, remedies: Sequence[Remedy]) -> None:
        """Every remedy once; where the furthest dose is the best, a further one too."""
        seed, length = self.patient.seed, self.plan.screening
        as_is = self.trials.make({}, seed, length)
        waiting, added = deque(remedies), 0
        scores: dict[Remedy, float] = {}
        while waiting:
            remedy = waiting.popleft()
            if self._affords(remedy, bool(scores)):
                scores[remedy] = self.trials.make(remedy.change, seed, length).score
                self.screened.append(remedy)
            if not waiting and added < MOST_FURTHER:
                ends = [further(remedy, self.patient.form) for remedy in _furthest(scores)]
                beyond = [remedy for remedy in ends if remedy and remedy not in scores]
                waiting.extend(beyond)
                added += bool(beyond)
                self.trials.expected += len(beyond)
        better = [remedy for remedy in scores if scores[remedy] > as_is.score]
        groups: dict[frozenset[str], Remedy] = {}  # of several doses of one setting only the best goes on
        for remedy in sorted(better, key=lambda remedy: -scores[remedy]):
            groups.setdefault(remedy.names, remedy)
        self.finalists = list(groups.values())[:FINALISTS]

    def _affords(self, remedy: Remedy, spare: bool) -> bool:
        """Whether there is time for a screening trial; with `spare`, and to confirm the best afterwards."""
        now = self.patient.settings["epochs"]
        longer = remedy.change.get("epochs", now) / now
        later = SEEDS * 2 * self.plan.share if spare else 0.0
        return self.plan.whole_s * (self.plan.screening * longer + later) <= self.clock.left

    def _confirm(self) -> None:
        """The finalists against the run as it is, over fresh seeds; then two that help together."""
        if not self.finalists:
            return
        while len(self.seeds) < SEEDS or (self._is_open() and len(self.seeds) < MOST_SEEDS):
            seed = self.patient.seed + len(self.seeds) + 1
            for remedy in (Remedy({}, ""), *self.finalists):
                self.trials.make(remedy.change, seed, self.plan.share, watched=True)
            self.seeds.append(seed)
        helpful = [r for r in self.finalists if (c := self._compared(r)) and c.helps]
        if len(helpful) == FINALISTS and not helpful[0].names & helpful[1].names:
            both = Remedy({**helpful[0].change, **helpful[1].change}, f"{helpful[0].cause}, {helpful[1].cause}")
            self.trials.expected += len(self.seeds)
            for seed in self.seeds:
                self.trials.make(both.change, seed, self.plan.share, watched=True)
            self.finalists.append(both)

    def _is_open(self) -> bool:
        """Whether a remedy seems to help, but not surely."""
        found = [self._compared(remedy) for remedy in self.finalists]
        return any(c and not c.helps and c.difference >= _real(c.before) for c in found)

    def _compared(self, remedy: Remedy) -> Compared | None:
        """The remedy against the run as it is, over the seeds for which both are known; None if there are not two."""
        pairs = self._pairs({}, remedy.change)
        if len(pairs) < 2:
            return None
        before, after = [one.score for one, _ in pairs], [other.score for _, other in pairs]
        found = paired(before, after)
        mean = sum(before) / len(before)
        return Compared(
            change=remedy.change,
            cause=remedy.cause,
            n=found.n,
            before=mean,
            after=sum(after) / len(after),
            difference=found.mean,
            low=found.low,
            high=found.high,
            helps=found.low > 0 and found.mean >= _real(mean),
            pairs=list(zip(before, after, strict=True)),
            outcomes=[(a.outcome, b.outcome) for a, b in pairs],
        )

    def _pairs(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[Trial, Trial]]:
        """Confirming trials of two changes with the same seed."""
        both = [[self.trials.find(change, seed, self.plan.share) for change in (one, other)] for seed in self.seeds]
        return [(first, second) for first, second in both if first and second]

    def _best(self, helpful: Sequence[Compared]) -> Compared | None:
        """The one with the highest score; two remedies together only where they beat each of the two surely."""
        best = max(helpful, key=lambda c: c.after, default=None)
        alone = [c for c in helpful if Remedy(c.change, "") in self.screened]
        single = max(alone, key=lambda c: c.after, default=None)
        if best is None or single is None or best is single:
            return best
        pairs = self._pairs(single.change, best.change)
        found = paired([one.score for one, _ in pairs], [other.score for _, other in pairs])
        return best if found.low > 0 and found.mean >= _real(single.after) else single


def _furthest(scores: dict[Remedy, float]) -> list[Remedy]:
    """Of each setting that was changed in one direction: the furthest dose, where nothing else is better."""
    ladders: dict[tuple[frozenset[str], bool], list[Remedy]] = {}
    for remedy in scores:
        if remedy.factor:
            ladders.setdefault((remedy.names, remedy.factor < 1), []).append(remedy)
    ends = [max(doses, key=lambda remedy: abs(math.log(remedy.factor))) for doses in ladders.values()]
    return [end for end in ends if scores[end] >= max(scores.values())]


def _real(score: float) -> float:
    """The smallest difference that counts beside a score."""
    return REAL if 0 <= score <= 1 else REAL * abs(score)


@contextmanager
def _threads(n: int) -> Iterator[None]:
    """Inside, torch computes with so many threads: sums in another order would be another training."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)
