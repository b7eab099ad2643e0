"""Search the settings of a recipe, and nothing else: `visus search`. What is left is a record with a report."""

import math
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import recipes
from .. import search as strategies
from ..engine import catalogue
from ..engine.probe import cost, fewest_threads
from ..recipes import _form
from ..report.measures import of_subject
from ..report.page import write
from ..runs.reader import Run
from ..runs.recorder import Journal, create
from ..search import Round, Space
from . import _ways
from ._circumstances import circumstances
from ._forecast import settle
from ._hunt import Hunt, Plan, read_plan
from ._ranges import divide
from ._remedies import spoken
from ._search_verdict import judge
from ._session import STRATEGY, InterruptedRunError, Show, Silent, Verdict
from ._trial_run import Bench
from .search import FEWEST_STEPS, check_strategy, seconds
from .subjects._subject import name_of, of_recipe

SEARCH = "search"  # what run.json calls a run of this kind
FEWEST_TRIALS = 3


@dataclass(frozen=True)
class Searched:
    """What a search leaves behind. best: the settings found, empty if all diverged. command: what to type next."""

    folder: Path
    verdict: Verdict
    best: Mapping[str, Any]
    command: str


def search(
    recipe: str,
    settings: Mapping[str, str] | None = None,
    *,
    strategy: str = STRATEGY,
    trials: int = 24,
    seeds: int = 3,
    budget: float | None = None,
    workers: int = 0,
    runs: str | Path = "runs",
    show: Show | None = None,
) -> Searched:
    """Look for good settings of a recipe, on its training and validation pictures only.

    settings: as typed; 'lr': '1e-4..1e-1' is searched, 'optimizer': 'sgd,adam' too, 'hidden': '64' is kept. Without any
    range all settings that have one are searched. trials: in all rounds. seeds: with which the best are tried again.
    budget: seconds. workers: processes side by side, 0 to choose by measurement. Raises ValueError, LookupError.
    """
    typed = dict(settings or {})
    check(recipe, typed, strategy, trials, seeds, workers)
    build = catalogue.find(recipes, recipe).build
    values, _ = divide(build, typed)
    form = _form.resolved(build, values)
    info = {
        "recipe": SEARCH,
        "of": recipe,
        "subject": name_of(recipe),
        "typed": typed,
        "given": values,
        "settings": form,
        "strategy": strategy,
        "trials": trials,
        "seeds": seeds,
        "workers": workers,
        "budget_s": budget,
        **circumstances(int(form.get("seed", 0))),
    }
    folder = create(Path(runs), f"search-{recipe.replace('_', '-')}", info)
    return resume(folder, show)


def check(recipe: str, typed: Mapping[str, str], strategy: str, trials: int, seeds: int, workers: int) -> None:
    """Raise ValueError or LookupError for a search that cannot be, before anything is written."""
    check_strategy(strategy)
    _, space = divide(catalogue.find(recipes, recipe).build, typed)
    if read := sorted(space.keys() & set(of_recipe(recipe).PREPARED)):
        raise ValueError(f"{read[0]} cannot be searched, since all trials see the same data; give it one value")
    if trials < FEWEST_TRIALS:
        raise ValueError(f"a search needs at least {FEWEST_TRIALS} trials; got {trials}")
    if seeds < 0 or workers < 0:
        raise ValueError(f"seeds and workers are counted from 0; got {min(seeds, workers)}")


def resume(folder: Path, show: Show | None = None) -> Searched:
    """Make a recorded search, or what is left of it."""
    run, show = Run(folder), show or Silent()
    journal = Journal(folder)
    journal.note("opened")
    way: _ways.Way | None = None
    try:
        verdict = _known(run)
        if verdict is None:
            deadline = time.monotonic() + _limit(run)
            plan, bench, space = _prepared(run, journal)
            way = _ways.take(plan.way, plan.workers, bench, show)
            hunt = Hunt(run, space, plan, run.info["seed"], way, journal, show)
            hunt.stop = lambda: hunt.done > 2 and time.monotonic() > deadline
            found = hunt.search()
            verdict = judge(bench.settings, found, hunt.repeat(found), plan, of_subject(name_of(bench.recipe)))
            verdict = replace(verdict, detail={**verdict.detail, "next": _command(run, verdict.detail["best"])})
            journal.note("verdict", stage="search", **vars(verdict), seconds=None)
        write(folder)
        journal.note("verdict", stage="report", severity="pass", line="report.html", detail={})
    except KeyboardInterrupt:
        journal.note("stopped", why="interrupted", stage="search")
        raise InterruptedRunError("search", folder) from None
    finally:
        if way:
            way.close()
        journal.close()
    show.verdict("search", verdict.line, verdict.severity)
    return Searched(folder, verdict, verdict.detail["best"], verdict.detail["next"])


def _bench(run: Run) -> tuple[Bench, Space]:
    info = run.info
    build = catalogue.find(recipes, info["of"]).build
    values, space = divide(build, info["typed"])
    form = _form.resolved(build, values)
    subject = of_recipe(info["of"])
    prepared = subject.prepared(form, info["of"])
    kept = {name: value for name, value in values.items() if name not in (*subject.PREPARED, "epochs")}
    return Bench(info["of"], subject.trial_data(prepared), kept), space


def _prepared(run: Run, journal: Journal) -> tuple[Plan, Bench, Space]:
    """The pictures, and the plan: measured and written down, or read again."""
    bench, space = _bench(run)
    plan = read_plan(run)
    if plan is None:
        plan = _plan(run, bench, space)
        plan.write(journal)
    # Measured once, so that all trials compute alike; a population measures for itself: what pays for one does not.
    alone = "precision" in run.info and plan.way != _ways.ALL_AT_ONCE
    measured = {"arithmetic": run.info["precision"]} if alone else {}
    return plan, replace(bench, settings={**measured, **bench.settings}), space


def _plan(run: Run, bench: Bench, space: Space) -> Plan:
    info, limit = run.info, _limit(run)
    task = bench.task({}, 1)
    divide_rounds = catalogue.find(strategies, info["strategy"]).rounds
    if not any(objective.parameters for objective in task.objectives):  # what only remembers has no epochs to plan
        return Plan(info["strategy"], [Round(info["trials"], 1.0)], repeats=0)
    settle(run.folder, task, fewest_threads(task))
    plan = Plan(info["strategy"], divide_rounds(info["trials"], float(info["settings"]["epochs"])), 1.0, info["seeds"])
    measured = cost(task)
    alone = seconds(plan, task, measured)
    way, n, faster = _ways.choose(bench, list(space), task, measured, min(alone, limit), info["workers"])
    shortest = min(one.length for one in plan.rounds)
    least = min(1.0, FEWEST_STEPS / task.steps_per_epoch / shortest)
    return replace(plan, shrink=max(min(1.0, limit * faster / alone), least), way=way, workers=n)


def _limit(run: Run) -> float:
    seconds: float | None = run.info["budget_s"]
    return math.inf if seconds is None else seconds


def _known(run: Run) -> Verdict | None:
    event = run.verdict("search")
    return Verdict(event["severity"], event["line"], event["detail"]) if event else None


def _command(run: Run, best: Mapping[str, Any]) -> str:
    """What to type to train with what was found, '' if nothing was."""
    if not best:
        return ""
    settings = [f"{name}={spoken(value)}" for name, value in {**run.info["given"], **best}.items()]
    return shlex.join(["visus", "train", run.info["of"], *settings])
