"""Three ways to make a round of trials: one by one, side by side in processes, or all at once as one population."""

import sys
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Protocol

import torch

from ..engine.device import memory_bytes
from ..engine.probe import Cost, step_seconds
from ..engine.task import Task
from . import _population, _trial_run
from ._session import Show
from ._trial_run import Bench, Result, result
from ._workers import WorkerDiedError, Workers, cores

ONE_BY_ONE, SIDE_BY_SIDE, ALL_AT_ONCE = "one by one", "side by side", "all at once"
EFFICIENCY = 0.9  # processes side by side share caches and memory bandwidth
WORTH_IT = 1.2  # times as fast they must be expected to be
ENOUGH_S = 20.0  # of trials in all; less does not repay the seconds in which processes start
MEMORY = 0.7  # share of the machine's memory that all processes together may take
TOGETHER = 4.0  # times as fast as one by one; a population of 20 is faster than that, which only shortens the search

Proposals = Sequence[Mapping[str, Any]]


class Way(Protocol):
    """A way to make trials."""

    def make(self, proposals: Proposals, epochs: float) -> Generator[Result, None, None]:
        """The results of trials with these settings, in their order."""
        ...

    def close(self) -> None:
        """Give back what was taken."""
        ...


class OneByOne:
    """Each trial in this process. threads: how many to use, 0 for as many as torch has."""

    def __init__(self, bench: Bench, threads: int = 0) -> None:
        self.bench, self.threads = bench, threads

    def make(self, proposals: Proposals, epochs: float) -> Generator[Result, None, None]:
        for settings in proposals:
            before = torch.get_num_threads()
            try:
                torch.set_num_threads(self.threads or before)
                found = _trial_run.run(self.bench, settings, epochs)
            finally:
                torch.set_num_threads(before)
            yield found

    def close(self) -> None:
        """Nothing was taken."""


class SideBySide:
    """Trials in n processes of one thread each. Where one is killed, the rest is made here, to the same results."""

    def __init__(self, bench: Bench, n: int, show: Show) -> None:
        self.workers, self.alone, self.show = Workers(bench, n), OneByOne(bench, threads=1), show
        self.broken = False

    def make(self, proposals: Proposals, epochs: float) -> Generator[Result, None, None]:
        done = 0
        if not self.broken:
            try:
                for found in self.workers.make(proposals, epochs):
                    yield found
                    done += 1
                return
            except WorkerDiedError as error:
                self.broken = True
                self.workers.close()
                self.show.say(f"search     {error}; going on in one process")
        yield from self.alone.make(proposals[done:], epochs)

    def close(self) -> None:
        self.workers.close()


class AllAtOnce:
    """All trials of a round as one population on shared batches."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def make(self, proposals: Proposals, epochs: float) -> Generator[Result, None, None]:
        for seed, same in groupby(proposals, lambda settings: settings.get("seed")):
            members = [{name: value for name, value in settings.items() if name != "seed"} for settings in same]
            settings = self.bench.settings if seed is None else {**self.bench.settings, "seed": seed}
            began = time.perf_counter()
            scores = _population.trials_at_once(self.bench.prepared, settings, members, epochs, build=self.bench.build)
            each = (time.perf_counter() - began) / len(members)
            yield from (result(self.bench, score, each) for score in scores)

    def close(self) -> None:
        """Nothing was taken."""


def choose(
    bench: Bench, names: Iterable[str], task: Task, measured: Cost, seconds: float, workers: int = 0
) -> tuple[str, int, float]:
    """The way for these searched settings, its processes, and how many times as fast as one by one it will be.

    measured: what a step of `task` costs. seconds: all trials one by one. workers: as many processes as the user wants,
    0 to choose by measurement.
    """
    if not bench.subject.processes_share(bench.prepared):
        return ONE_BY_ONE, 1, 1.0
    if workers == 0 and _population.applies(bench.settings, names, bench.build):
        return ALL_AT_ONCE, 1, TOGETHER
    n = workers or cores()
    if n < 2 or bench.prepared.pixels is None or task_device(task) != "cpu" or sys.platform == "win32":
        return ONE_BY_ONE, 1, 1.0
    if workers:
        return SIDE_BY_SIDE, n, EFFICIENCY * n
    if seconds < ENOUGH_S or n * measured.memory_bytes > MEMORY * memory_bytes():
        return ONE_BY_ONE, 1, 1.0
    one = measured.seconds_per_step if torch.get_num_threads() == 1 else step_seconds(task, threads=1)
    faster = EFFICIENCY * n * measured.seconds_per_step / one
    return (SIDE_BY_SIDE, n, faster) if faster > WORTH_IT else (ONE_BY_ONE, 1, 1.0)


def take(name: str, n: int, bench: Bench, show: Show) -> Way:
    """The way called `name`."""
    if name == SIDE_BY_SIDE:
        return SideBySide(bench, n, show)
    return AllAtOnce(bench) if name == ALL_AT_ONCE else OneByOne(bench)


def task_device(task: Task) -> str:
    """'cpu' or 'cuda'."""
    return next(task.parameters(), torch.zeros(())).device.type
