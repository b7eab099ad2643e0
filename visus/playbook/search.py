"""Look for good settings: random, on log scales, coarse to fine."""

import time
from collections.abc import Mapping
from typing import Any

from ..doctor.checkup import StopNotFinite
from ..doctor.finding import NOTE, PASS, WARNING
from ..engine.loop import fit
from ..engine.probe import Cost, cost
from ..recipes import _form, classify
from ..runs.reader import Run
from ..search import Round, Search, Span, Trial, coarse_to_fine
from ..tasks.classify import Classification
from ._session import Session, Verdict

ROUNDS = (Round(12, 1), Round(7, 2), Round(5, 4))  # trials, and epochs of each
FEWER_ROUNDS = (Round(6, 1), Round(3, 2))
SHARE = 0.25  # of the time left when there is a budget
UNBOUNDED_SHARE = 0.5  # of the forecast training time when there is none
ENOUGH_S = 60.0  # a search may take so long however short the training is
FEWEST_STEPS = 15  # a trial of fewer steps says nothing
MOST_LOOKED_AT = 1_000  # validation pictures a trial is scored on


def run(session: Session) -> Verdict:
    form = _form.fields(classify.build, {name: str(value) for name, value in session.settings.items()})
    space = {
        name: Span(field.search.low, field.search.high, field.search.log)
        for name, field in form.items()
        if field.search and name not in session.given
    }
    small = session.ready.limited(validation=MOST_LOOKED_AT)
    task = classify.build(small, **session.settings)
    session.suggest(arithmetic=str(task.precision))  # measured once, the same for every trial and the training
    if not space or not any(objective.parameters for objective in task.objectives):
        return Verdict(PASS, "nothing to search: every setting is given, or the model has none", {"best": {}})
    rounds, shrink = _plan(session, task)
    if not rounds:
        return Verdict(NOTE, "the budget leaves no time to search; the recipe's settings are used", {"best": {}})
    total = sum(plan.trials for plan in rounds)
    known = [Trial(e["round"], e["settings"], e["score"]) for e in Run(session.folder).events("trial")]
    deadline = time.monotonic() + SHARE * session.budget.left

    def one(settings: Mapping[str, float], epochs: float, number: int) -> Trial:
        session.show.progress("search", len(done), total, _say(settings))
        trial = _try(session, small, settings, epochs * shrink, number)
        session.journal.note("trial", **vars(trial), diverged=trial.diverged)
        done.append(trial)
        return trial

    done = list(known)
    found = coarse_to_fine.search(
        one, space, rounds, session.seed, known, stop=lambda: len(done) > 2 and time.monotonic() > deadline
    )
    return _judge(session, found)


def recall(session: Session, verdict: Verdict) -> None:
    session.suggest(**verdict.detail["best"])
    if "arithmetic" in verdict.detail:
        session.suggest(arithmetic=verdict.detail["arithmetic"])


def _try(session: Session, small: Any, settings: Mapping[str, float], epochs: float, number: int) -> Trial:
    """Train briefly with these settings, its schedule ending with the trial; the score is validation accuracy."""
    began = time.perf_counter()
    task = classify.build(small, **{**session.settings, **settings, "epochs": epochs})
    why = fit(task, task.steps, [StopNotFinite()])
    score = None if why else task.evaluate()["validation_accuracy"]
    return Trial(number, dict(settings), score, time.perf_counter() - began, epochs)


def allowed_seconds(session: Session, training: float) -> float:
    """How long the search may take, beside a training of `training` seconds."""
    return min(SHARE * session.budget.left, UNBOUNDED_SHARE * training + ENOUGH_S)


def _plan(session: Session, task: Classification) -> tuple[tuple[Round, ...], float]:
    """The rounds that the time allows, and the factor by which their trials are shortened. No rounds: no time.

    It rests on a measurement, so it is written down: a resumed search follows the plan it began with.
    """
    for event in Run(session.folder).events("search_plan"):
        return tuple(Round(**plan) for plan in event["rounds"]), event["shrink"]
    rounds, shrink = _affordable(session, task.steps_per_epoch, cost(task))
    session.journal.note("search_plan", rounds=[vars(plan) for plan in rounds], shrink=shrink)
    return rounds, shrink


def _affordable(session: Session, steps_per_epoch: int, measured: Cost) -> tuple[tuple[Round, ...], float]:
    training = session.settings.get("epochs", 30) * steps_per_epoch * measured.seconds_per_step
    allowed = allowed_seconds(session, training)
    for rounds in (ROUNDS, FEWER_ROUNDS):
        trials = sum(plan.trials for plan in rounds)
        epochs = sum(plan.trials * plan.length for plan in rounds)
        left = allowed - trials * measured.seconds_per_evaluation
        shrink = left / (epochs * steps_per_epoch * measured.seconds_per_step)
        if shrink * steps_per_epoch >= FEWEST_STEPS or shrink >= 1:
            # A tiny set's epoch is a few steps: its trials are made long enough to say something.
            return rounds, max(min(1.0, shrink), FEWEST_STEPS / steps_per_epoch)
    return (), 0.0


def _judge(session: Session, found: Search) -> Verdict:
    best = found.best
    n, diverged = len(found.trials), sum(trial.diverged for trial in found.trials)
    detail = {
        "ranges": {name: [span.low, span.high, span.log] for name, span in found.spans.items()},
        "border": found.borders,
        "arithmetic": session.settings["arithmetic"],
    }
    rounds = max((trial.round for trial in found.trials), default=0)
    line = f"{n} trials in {rounds} rounds"
    if best is None:
        text = f"{line}: all diverged; the recipe's settings are used: lower the learning rate (lr=...)"
        return Verdict(WARNING, text, {**detail, "best": {}})
    chosen = {name: float(f"{value:.2g}") for name, value in best.settings.items()}
    session.suggest(**chosen)
    line += f": {_say(chosen)}" + (f"; {diverged} diverged" if diverged else "")
    if found.borders:
        line += f"; the best {' and '.join(found.borders)} on the border of what was searched, though it was widened"
        return Verdict(NOTE, line, {**detail, "best": chosen})
    return Verdict(PASS, line + "; no best value on a border", {**detail, "best": chosen})


def _say(settings: Mapping[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.1e}" for name, value in settings.items())
