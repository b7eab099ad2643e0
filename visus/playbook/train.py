"""Train with the best settings found, under the doctor's eye; keep the best weights and ship them."""

import math
from typing import Any

from ..data.batches import Prepared
from ..doctor.finding import NOTE, PASS, WARNING
from ..engine import catalogue
from ..engine.probe import cost
from ..recipes import _form, classify
from ..recipes._descent import FULL_BATCH
from ..runs.interrupt import INTERRUPTED
from ..ship import model as ship
from ..ship.card import card
from ..tasks.classify import Classification
from . import problems
from ._session import BlockedError, InterruptedRunError, Session, Verdict
from ._training import train

FEWEST_STEPS = 1_500  # a small set gets more passes: so many steps, unless the user named epochs
FEWEST_SEARCHES = 100  # steps on the whole set, each with a line search, go much further
RESERVE = 0.1  # share of the time left that is kept for test and report
SAFETY = 0.92  # share of the rest that is planned: a measured step is only an estimate


def run(session: Session) -> Verdict:
    settings = _resolve(session)
    task = session.build(session.ready, **settings)
    session.journal.note("settings", settings=settings)
    seconds = (1 - RESERVE / 2) * session.budget.left
    outcome = train(task, session.folder, session.show, seconds, reference=_simpler(session))
    if outcome.why == INTERRUPTED:
        raise InterruptedRunError("train", session.folder)
    if outcome.best_step < 0:
        raise BlockedError(
            f"training ended before its first evaluation: {outcome.why}; lower the learning rate (lr=...)"
        )
    save_model(session, settings, task)
    per_epoch = task.steps_per_epoch
    epochs, best_epoch = math.ceil(task.steps / per_epoch), math.ceil((outcome.best_step + 1) / per_epoch)
    causes, notes = outcome.diagnosis.causes, outcome.diagnosis.notes
    line = f"{epochs} epochs, best validation {said(session, outcome.best)} at epoch {best_epoch}; doctor: "
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
            "steps": task.steps,
            "seconds": outcome.seconds,
        },
    )


def _simpler(session: Session) -> float | None:
    """The validation score of the best baseline, where baselines were tried."""
    found = [value for value in session.detail.get("baselines", {}).values() if isinstance(value, float)]
    return max(found, default=None)


def said(session: Session, score: float) -> str:
    """A validation score in words."""
    return str(catalogue.find(problems, session.ready.collection.kind).said("", score))


def recall(session: Session, verdict: Verdict) -> None:
    """The model on disk is what the next stages need."""


def save_model(session: Session, settings: dict[str, Any], task: Classification) -> None:
    """Write the model folder: weights, preprocessing, labels, card."""
    facts = model_facts(session.ready, settings)
    ship.save(session.folder, task.model, facts, card(session.folder.name, facts, session.detail))


def model_facts(prepared: Prepared, settings: dict[str, Any]) -> dict[str, Any]:
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
    task = session.build(session.ready, **{**session.settings, "epochs": 1})
    settings["arithmetic"] = str(task.precision)
    if "epochs" not in session.given:
        settings["epochs"] = _affordable_epochs(session, task)
    for name in ("data", "size", "framing", "memory"):
        settings.pop(name)  # the pictures are prepared already
    return settings


def planned_epochs(session: Session, task: Classification) -> float:
    """What the user named, else the recipe's default, or more passes over a small set."""
    default: float = _form.fields(session.build)["epochs"].default
    searches = session.settings.get("optimizer") == FULL_BATCH
    fewest = FEWEST_SEARCHES if searches else FEWEST_STEPS
    return session.given.get("epochs") or max(default, math.ceil(fewest / task.steps_per_epoch))


def _affordable_epochs(session: Session, task: Classification) -> float:
    wanted = planned_epochs(session, task)
    if math.isinf(session.budget.left) or not any(objective.parameters for objective in task.objectives):
        return wanted
    measured = cost(task)
    epoch_s = task.steps_per_epoch * measured.seconds_per_step + measured.seconds_per_evaluation
    return max(1, min(wanted, int(SAFETY * (1 - RESERVE) * session.budget.left / epoch_s)))
