"""Look for good settings: random, on log scales, coarse to fine, or by another strategy; the best again over seeds."""

import math
import time
from collections.abc import Container, Mapping
from dataclasses import replace

from .. import search as strategies
from ..data.batches import Prepared
from ..doctor.finding import NOTE, PASS
from ..engine import catalogue
from ..engine.probe import Cost, cost
from ..engine.task import Task
from ..recipes import _descent, _form
from ..report.measures import of_subject
from ..runs.reader import Run
from ..search import Space, Span
from . import _ways
from ._hunt import Hunt, Plan, read_plan
from ._search_verdict import judge
from ._session import Session, Verdict
from ._trial_run import Bench
from .subjects._subject import built, name_of, of_recipe

TRIALS, EPOCHS = 24, 4.0  # of a search that has the time; EPOCHS is the length of its longest trials
FEWER_TRIALS, FEWER_EPOCHS = 9, 2.0
REPEATS = 3  # seeds with which the best are tried again
SHARE = 0.25  # of the time left when there is a budget
UNBOUNDED_SHARE = 0.5  # of the forecast training time when there is none
ENOUGH_S = 60.0  # a search may take so long however short the training is
FEWEST_STEPS = 15  # a trial of fewer steps says nothing
MOST_LOOKED_AT = 1_000  # validation pictures a trial is scored on


def run(session: Session) -> Verdict:
    form = _form.fields(session.build, {name: str(value) for name, value in session.settings.items()})
    space = space_of(form, {*session.given, *_descent.idle(session.settings.get("optimizer"))})
    small = of_recipe(session.learns).trial_data(session.prepared)
    task = built(session.learns, small, session.settings)
    session.suggest(arithmetic=str(task.precision))  # measured once, the same for every trial and the training
    if not space or not any(objective.parameters for objective in task.objectives):
        return Verdict(PASS, "nothing to search: every setting is given, or the model has none", {"best": {}})
    bench = Bench(session.learns, small, session.settings)
    plan = _plan(session, bench, space, task)
    if not plan.rounds:
        return Verdict(NOTE, "the budget leaves no time to search; the recipe's settings are used", {"best": {}})
    deadline = time.monotonic() + SHARE * session.budget.left
    if plan.way == _ways.ALL_AT_ONCE and "arithmetic" not in session.given:
        bench = replace(bench, settings={**bench.settings, "arithmetic": "auto"})  # what pays for one is not for many
    way = _ways.take(plan.way, plan.workers, bench, session.show)
    hunt = Hunt(Run(session.folder), space, plan, session.seed, way, session.journal, session.show)
    hunt.stop = lambda: hunt.done > 2 and time.monotonic() > deadline
    try:
        found = hunt.search()
        verdict = judge(session.settings, found, hunt.repeat(found), plan, of_subject(name_of(session.learns)))
    finally:
        way.close()
    session.suggest(**verdict.detail["best"])
    return verdict


def recall(session: Session, verdict: Verdict) -> None:
    session.suggest(**verdict.detail["best"])
    if "arithmetic" in verdict.detail:
        session.suggest(arithmetic=verdict.detail["arithmetic"])


def check_strategy(name: str) -> None:
    """Raise LookupError for a strategy that does not exist, RuntimeError for one whose extra is not installed."""
    getattr(catalogue.find(strategies, name), "need", lambda: None)()


def trial_pictures(prepared: Prepared) -> Prepared:
    """What trials are handed: no test part, and a validation part that is quickly scored."""
    return prepared.limited(validation=MOST_LOOKED_AT).without_test()


def space_of(form: Mapping[str, _form.Field], leave: Container[str] = ()) -> dict[str, Span]:
    """What may be searched of a recipe's settings: every one with a range, except those to be left as they are."""
    return {
        name: span(field, field.search.low, field.search.high, field.search.log)
        for name, field in form.items()
        if field.search and name not in leave
    }


def span(field: _form.Field, low: float, high: float, log: bool) -> Span:
    """The values of one setting from low to high, never to be widened beyond what the setting may be."""
    least, most = (field.limits.low, field.limits.high) if field.limits else (-math.inf, math.inf)
    return Span(low, high, log, field.kind is int, least, most)


def allowed_seconds(session: Session, training: float) -> float:
    """How long the search may take, beside a training of `training` seconds."""
    return min(SHARE * session.budget.left, UNBOUNDED_SHARE * training + ENOUGH_S)


def _plan(session: Session, bench: Bench, space: Space, task: Task) -> Plan:
    """What the time allows. No rounds: none.

    It rests on a measurement, so it is written down: a resumed search follows the plan it began with.
    """
    known = read_plan(Run(session.folder))
    if known:
        return known
    measured = cost(task)
    training = session.settings.get("epochs", 30) * task.steps_per_epoch * measured.seconds_per_step
    plan = affordable(session.strategy, bench, space, task, measured, allowed_seconds(session, training))
    plan.write(session.journal)
    return plan


def affordable(strategy: str, bench: Bench, space: Space, task: Task, measured: Cost, allowed: float) -> Plan:
    """The largest of the usual searches that fits into `allowed` seconds, its trials shortened if need be."""
    divide = catalogue.find(strategies, strategy).rounds
    least = bench.subject.TRIAL * task.steps / task.steps_per_epoch
    for trials, epochs, repeats in ((TRIALS, EPOCHS, REPEATS), (FEWER_TRIALS, FEWER_EPOCHS, 0)):
        plan = Plan(strategy, divide(trials, max(epochs, least)), repeats=repeats)
        alone = seconds(plan, task, measured)
        way, n, faster = _ways.choose(bench, list(space), task, measured, min(alone, allowed))
        shrink = _shrink(plan, task, measured, allowed * faster)
        if least and shrink < 1:
            continue  # shorter ones would tell nothing
        if shrink * task.steps_per_epoch >= FEWEST_STEPS or shrink >= 1:
            # A tiny set's epoch is a few steps: its trials are made long enough to say something.
            shrink = max(min(1.0, shrink), FEWEST_STEPS / task.steps_per_epoch)
            return Plan(strategy, plan.rounds, shrink, repeats, way, n)
    return Plan(strategy, (), repeats=0)


def seconds(plan: Plan, task: Task, measured: Cost) -> float:
    """All trials and repeats of a plan, one by one."""
    training = plan.epochs * plan.shrink * task.steps_per_epoch * measured.seconds_per_step
    return training + plan.runs * measured.seconds_per_evaluation


def _shrink(plan: Plan, task: Task, measured: Cost, allowed: float) -> float:
    """The factor by which trials must be shortened to fit into `allowed` seconds."""
    left = allowed - plan.runs * measured.seconds_per_evaluation
    return left / (plan.epochs * task.steps_per_epoch * measured.seconds_per_step)
