"""Train the members of an ensemble, one after the other, on the same parts of the same pictures."""

from pathlib import Path
from typing import Any

from .. import recipes
from ..data.batches import Prepared
from ..data.prepare import prepare
from ..doctor.finding import NOTE, PASS
from ..engine import catalogue
from ..engine.probe import fewest_threads
from ..engine.schedules import cycle_ends
from ..runs.interrupt import INTERRUPTED
from ..runs.reader import Run
from ..ship import model as ship
from ..ship.card import card
from ..tasks.classify import Classification
from . import _snapshots
from ._forecast import settle
from ._session import InterruptedRunError, Show
from ._training import Outcome, train
from .train import model_facts

MEMBERS, TRAINING = "members", "training"
PICTURES = ("data", "size", "framing", "memory")


def finished(folder: Path) -> list[Path]:
    """Folders of the members that are there, in order."""
    count = len(list((folder / MEMBERS).glob(f"*/{ship.MODEL}/{ship.FACTS}")))
    return [folder / MEMBERS / str(number) for number in range(1, count + 1)]


def train_missing(folder: Path, show: Show) -> Prepared:
    """Train every member that is not there yet, as `visus train` would. Returns the pictures they share."""
    info = Run(folder).info
    form, seed = info["settings"], int(info["seed"])
    prepared = prepare(form["data"], form["size"], form["framing"], seed=seed, memory_gib=form["memory"])
    n = info["snapshots"] or len(info["changes"])
    if len(finished(folder)) < n and info["snapshots"]:
        _train_snapshots(folder, prepared, n, show)
    while (place := len(finished(folder))) < n:
        member = folder / MEMBERS / str(place + 1)
        task, settings = _task(folder, prepared, info["changes"][place])
        outcome = _run(task, member, folder, show, [])
        _ship(member, task, settings)
        show.verdict(f"{place + 1} of {n}", _line(outcome), NOTE if outcome.why else PASS)
    return prepared


def _train_snapshots(folder: Path, prepared: Prepared, n: int, show: Show) -> None:
    """One run; what it weighed at the end of each cycle becomes a member."""
    task, settings = _task(folder, prepared, Run(folder).info["changes"][0])
    if task.steps < n:
        raise ValueError(f"a run of {task.steps} steps has no {n} cycles; give it more epochs")
    keep = _snapshots.KeepSnapshots(folder / TRAINING, cycle_ends(task.steps, n))
    outcome = _run(task, folder / TRAINING, folder, show, [keep])
    show.verdict("training", _line(outcome), NOTE if outcome.why else PASS)
    for number, path in enumerate(keep.paths.values(), 1):
        _snapshots.put(path, task)
        _ship(folder / MEMBERS / str(number), task, settings)


def _task(folder: Path, prepared: Prepared, change: dict[str, Any]) -> tuple[Classification, dict[str, Any]]:
    """The task of one member, and every setting it has. How it computes is measured once, for all of them."""
    info = Run(folder).info
    measured = {"arithmetic": info["precision"]} if "precision" in info else {}
    own = {name: value for name, value in {**info["given"], **change}.items() if name not in PICTURES}
    task: Classification = catalogue.find(recipes, info["of"]).build(data=prepared, **{**measured, **own})
    if not measured:
        settle(folder, task, fewest_threads(task))
    return task, {**info["settings"], **own}


def _run(task: Classification, where: Path, folder: Path, show: Show, extra: list[Any]) -> Outcome:
    where.mkdir(parents=True, exist_ok=True)
    outcome = train(task, where, show, extra=extra)
    if outcome.why == INTERRUPTED:
        raise InterruptedRunError("train", folder)
    return outcome


def _ship(member: Path, task: Classification, settings: dict[str, Any]) -> None:
    member.mkdir(parents=True, exist_ok=True)
    facts = model_facts(task.data.prepared, settings)  # type: ignore[attr-defined]
    ship.save(member, task.model, facts, card(f"{member.parent.parent.name}-{member.name}", facts, {}))


def _line(outcome: Outcome) -> str:
    found = f"validation {100 * outcome.best:.1f} % in {outcome.seconds:.0f} s"
    return f"{found}; stopped: {outcome.why}" if outcome.why else found
