"""A search as it goes on: rounds that are told and recorded, and the best of them once more with other seeds."""

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .. import search as strategies
from ..engine import catalogue
from ..runs.reader import Run
from ..runs.recorder import Journal
from ..search import Round, Search, Space, Trial
from ._paired import Difference, paired
from ._search_words import round_line, rounded, say, written
from ._session import Show
from ._ways import ONE_BY_ONE, Way

TOP = 3  # settings that are repeated over seeds
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What a search will do; it rests on measurements, so a resumed search follows the one that was written down.

    shrink: factor on the length of every round. repeats: seeds with which the best settings are tried again.
    way, workers: how trials are made.
    """

    strategy: str
    rounds: Sequence[Round]
    shrink: float = 1.0
    repeats: int = 3
    way: str = ONE_BY_ONE
    workers: int = 1

    @property
    def trials(self) -> int:
        return sum(plan.trials for plan in self.rounds)

    @property
    def runs(self) -> int:
        """Trials and repeats."""
        return self.trials + TOP * self.repeats

    @property
    def epochs(self) -> float:
        """Of all trials and repeats, before they are shrunk."""
        longest = max((plan.length for plan in self.rounds), default=0.0)
        return sum(plan.trials * plan.length for plan in self.rounds) + TOP * self.repeats * longest

    def write(self, journal: Journal) -> None:
        journal.note("search_plan", **{**vars(self), "rounds": [vars(plan) for plan in self.rounds]})


def read_plan(run: Run) -> Plan | None:
    """The plan that an interrupted search began with."""
    for event in run.events("search_plan"):
        known = {name: event[name] for name in Plan.__dataclass_fields__ if name in event}
        return Plan(**{"strategy": "coarse_to_fine", **known, "rounds": [Round(**plan) for plan in event["rounds"]]})
    return None


@dataclass(frozen=True)
class Repeated:
    """One of the best settings, tried again with other seeds: None for a seed with which it diverged."""

    settings: Settings
    scores: Sequence[float | None]

    @property
    def sound(self) -> bool:
        """Whether it diverged with none of the seeds."""
        return None not in self.scores

    @property
    def around(self) -> Difference:
        """Mean of the scores and its 95 % interval; NaN if it diverged."""
        finite = [score for score in self.scores if score is not None]
        return paired([0.0] * len(finite), finite) if self.sound else Difference(math.nan, math.nan, math.nan, 0)


@dataclass
class Hunt:
    """One search as it goes on. What the record of an interrupted one holds already is taken up, not made again."""

    run: Run
    space: Space
    plan: Plan
    seed: int
    way: Way
    journal: Journal
    show: Show
    stop: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        self.known = [_recorded(event) for event in self.run.events("trial")]
        self.told = max((int(event["number"]) for event in self.run.events("round")), default=0)
        self.done = len(self.known)
        self.total = self.plan.runs

    def search(self) -> Search:
        """All rounds of the strategy."""
        strategy = catalogue.find(strategies, self.plan.strategy)
        found: Search = strategy.search(
            self._one, self.space, self.plan.rounds, self.seed, self.known, self.stop, self._many, self._tell
        )
        return found

    def repeat(self, found: Search) -> list[Repeated]:
        """The best settings of a search once more with other seeds each, best mean first; empty if there is no time.

        The winner's own score flatters it, since it was chosen for it, so fresh seeds are used.
        """
        tops = top(found)
        seeds = [self.seed + 1 + i for i in range(self.plan.repeats)]
        wishes = [{**settings, "seed": seed} for seed in seeds for settings in tops]
        known = [event["score"] for event in self.run.events("repeat")][: len(wishes)]
        scores: list[float | None] = list(known)
        length = self.plan.shrink * max((plan.length for plan in self.plan.rounds), default=0.0)
        self.total = self.done + len(wishes)
        results = self.way.make(wishes[len(known) :], length)
        for wish in wishes[len(known) :]:
            if self.stop():
                results.close()
                break
            self._progress(wish)
            made = next(results)
            scores.append(made.score)
            self.done += 1
            settings = {name: value for name, value in wish.items() if name != "seed"}
            self.journal.note("repeat", settings=settings, seed=wish["seed"], epochs=length, **asdict(made))
        seeds_done = len(scores) // len(tops) if tops else 0
        if not seeds_done:
            return []
        columns = [scores[i : seeds_done * len(tops) : len(tops)] for i in range(len(tops))]
        repeated = [Repeated(settings, column) for settings, column in zip(tops, columns, strict=True)]
        return sorted(repeated, key=lambda one: -one.around.mean if one.sound else math.inf)

    def _one(self, settings: Settings, length: float, number: int) -> Trial:
        return next(self._many([settings], length, number))

    def _many(self, proposals: Sequence[Settings], length: float, number: int) -> Generator[Trial, None, None]:
        epochs = length * self.plan.shrink
        self._progress(proposals[0])
        results = self.way.make(proposals, epochs)
        try:
            for place, settings in enumerate(proposals):
                made = next(results)
                trial = Trial(number, dict(settings), made.score, made.seconds, epochs, made.collapsed)
                self.journal.note("trial", **vars(trial), diverged=trial.diverged)
                self.done += 1
                self._progress(proposals[min(place + 1, len(proposals) - 1)])
                yield trial
        finally:
            results.close()

    def _tell(self, number: int, plan: Round, found: Search) -> None:
        if number <= self.told:
            return
        self.total = max(self.total, self.done + plan.trials)
        spans = {name: written(span) for name, span in found.spans.items()}
        epochs = plan.length * self.plan.shrink
        self.journal.note(
            "round", number=number, trials=plan.trials, epochs=epochs, spans=spans, widened=list(found.widened)
        )
        self.show.say(f"search     {round_line(number, plan.trials, epochs, found)}")

    def _progress(self, settings: Settings) -> None:
        self.show.progress("search", self.done, max(self.total, self.done), say(settings))


def top(found: Search) -> list[dict[str, Any]]:
    """The best different settings, as they will be used."""
    tops: list[dict[str, Any]] = []
    for trial in found.ranked:
        settings = {name: rounded(value) for name, value in trial.settings.items()}
        tops += [settings] if settings not in tops else []
    return tops[:TOP]


def _recorded(event: Mapping[str, Any]) -> Trial:
    facts = {name: event[name] for name in ("seconds", "epochs", "collapsed") if event.get(name) is not None}
    return Trial(event["round"], event["settings"], event["score"], **facts)
