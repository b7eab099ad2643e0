"""Train with the best settings found, under the doctor's eye; keep the best weights and ship them."""

import math
from collections.abc import Mapping
from typing import Any

from ..data.batches import Prepared
from ..doctor.finding import NOTE, PASS, WARNING
from ..engine.probe import cost
from ..engine.task import Task
from ..recipes import _form, classify
from ..recipes._descent import FULL_BATCH
from ..runs.interrupt import INTERRUPTED
from ._session import BlockedError, InterruptedRunError, Session, Verdict
from ._training import train
from .subjects._subject import built, of_recipe

FEWEST_SEARCHES = 100  # steps on the whole set, each with a line search, go much further
RESERVE = 0.1  # share of the time left that is kept for test and report
SAFETY = 0.92  # share of the rest that is planned: a measured step is only an estimate


def run(session: Session) -> Verdict:
    settings = _resolve(session)
    subject = of_recipe(session.learns)
    task = built(session.learns, session.prepared, settings)
    session.journal.note("settings", settings=settings)
    seconds = (1 - RESERVE / 2) * session.budget.left
    reference = subject.beaten(session.detail.get("baselines", {}))
    outcome = train(task, session.folder, session.show, seconds, reference=reference)
    if outcome.why == INTERRUPTED:
        raise InterruptedRunError("train", session.folder)
    if outcome.best_step < 0:
        raise BlockedError(
            f"training ended before its first evaluation: {outcome.why}; lower the learning rate (lr=...)"
        )
    subject.ship(session.folder, task, settings, session.detail)
    per_epoch = task.steps_per_epoch
    epochs, best_epoch = math.ceil(task.steps / per_epoch), math.ceil((outcome.best_step + 1) / per_epoch)
    causes, notes = outcome.diagnosis.causes, outcome.diagnosis.notes
    best = subject.said(session.prepared, outcome.best)
    line = f"{epochs} epochs, best validation {best} at epoch {best_epoch}; doctor: "
    if causes:
        line += f"{causes[0].what}: {causes[0].remedy}"
    else:
        line += f"healthy, {len(notes)} note{'s' * (len(notes) != 1)}" if notes else "nothing to note"
    line += f"; stopped: {outcome.why}" if outcome.why else ""
    return Verdict(
        WARNING if outcome.why or causes else NOTE if notes else PASS,
        line,
        {
            "epochs": epochs,
            "best_epoch": best_epoch,
            "best": outcome.best,
            "said": best,
            "steps": task.steps,
            "seconds": outcome.seconds,
        },
    )


def recall(session: Session, verdict: Verdict) -> None:
    """The model on disk is what the next stages need."""


def model_facts(prepared: Prepared, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is needed to rebuild and feed the network."""
    return {
        "model": settings["model"],
        "settings": classify.architecture_settings(settings),
        "image": list(prepared.image),
        "framing": prepared.frame.framing,
        "tells": prepared.collection.kind,
        "classes": list(prepared.collection.outputs),
        "data": prepared.collection.origin,
        **({"targets": settings["targets"]} if settings.get("targets") else {}),
        **({"pretrained": settings["pretrained"]} if settings.get("pretrained") else {}),
    }


def _resolve(session: Session) -> dict[str, Any]:
    """Every setting of the run to come, the same when it is resumed."""
    if "settings" in session.detail:
        return dict(session.detail["settings"])
    settings = _form.resolved(session.build, session.settings)
    task = built(session.learns, session.prepared, {**session.settings, "epochs": 1})
    if "arithmetic" in settings:
        settings["arithmetic"] = str(task.precision)
    if "epochs" not in session.given:
        settings["epochs"] = _affordable_epochs(session, task)
    for name in of_recipe(session.learns).PREPARED:
        settings.pop(name)
    return settings


def planned_epochs(session: Session, task: Task) -> float:
    """What the user named, else the recipe's default, or more passes over a small set."""
    default: float = _form.fields(session.build)["epochs"].default
    searches = session.settings.get("optimizer") == FULL_BATCH
    fewest = FEWEST_SEARCHES if searches else of_recipe(session.learns).FEWEST_STEPS
    return session.given.get("epochs") or max(default, math.ceil(fewest / task.steps_per_epoch))


def _affordable_epochs(session: Session, task: Task) -> float:
    wanted = planned_epochs(session, task)
    if math.isinf(session.budget.left) or not any(objective.parameters for objective in task.objectives):
        return wanted
    measured = cost(task)
    epoch_s = task.steps_per_epoch * measured.seconds_per_step + measured.seconds_per_evaluation
    return max(1, min(wanted, int(SAFETY * (1 - RESERVE) * session.budget.left / epoch_s)))
