"""Start, or resume, the whole sequence or a single recipe, in a run folder of its own."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from .. import recipes
from ..data.collection import CLASSES
from ..engine import catalogue
from ..engine.memory import keep_freed_memory
from ..engine.probe import fewest_threads
from ..engine.task import Task
from ..recipes import _form
from ..recipes._told import RECIPES
from ..report.page import write
from ..runs.interrupt import INTERRUPTED
from ..runs.reader import Run
from ..runs.recorder import Journal, create
from ..ship.opened import opened
from . import _sequence, ensemble, search_recipe, subjects
from ._circumstances import circumstances
from ._forecast import settle
from ._session import FIT, STRATEGY, Budget, InterruptedRunError, Session, Show, Silent
from ._training import Outcome, train
from .search import check_strategy
from .subjects import _subject

UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600}


@dataclass(frozen=True)
class Fitted:
    """What `fit` leaves behind. healthy: no stage blocked."""

    folder: Path
    healthy: bool

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    @property
    def model(self) -> Any:
        """The trained model, ready to be used. Raises FileNotFoundError if the run was blocked before training."""
        return opened(self.folder)


def fit(
    source: str | Path,
    *,
    subject: str = "",
    runs: str | Path = "runs",
    budget: float | str | None = None,
    skip: Iterable[str] = (),
    strategy: str = STRATEGY,
    task: str = "",
    show: Show | None = None,
    confirm: Callable[[str], bool] = lambda question: True,
    **settings: Any,
) -> Fitted:
    """From data to a tested, reported, usable model: all eight stages.

    source: a folder, a CSV table, a named set, or a world. subject: pictures, text, captions, translation, detection,
    segmentation, generation or acting; '': as the source looks, or that of the task. budget: seconds for everything,
    or text such as '10m'. skip: stages to leave out. strategy: of the search. settings: those of the recipe
    `classify`, or with targets=COLUMNS of a table those of `regress` or `attributes`, or of the subject's recipe; what
    is named here is never changed by a stage.
    task: which of these recipes; '': as the columns look.
    Raises ValueError or LookupError for a setting or a source that cannot be, before anything is written.
    """
    about = _subject.named(subject or _subject.meant(str(source), task))
    learns = about.learned(str(source), settings, task)
    build = catalogue.find(recipes, learns).build
    settings = _form.completed(build, settings)
    check_settings(settings, skip, learns)
    check_strategy(strategy)
    limit = seconds(budget) if isinstance(budget, str) else budget
    show = show or Silent()
    found = about.opened(str(source), settings, learns, show)
    _say_how(show, str(source), about.read_as(str(source), found, learns))
    info = {
        "recipe": FIT,
        "subject": _subject.name_of(learns),
        "source": str(source),
        "given": settings,
        "learns": learns,
        "settings": _form.resolved(build, settings),
        "skip": sorted(skip),
        "strategy": strategy,
        "budget_s": limit,
        **circumstances(int(settings.get("seed", 0))),
    }
    folder = create(Path(runs), stem(str(source)), info)
    return _run(folder, Budget(limit), show, confirm, found)


def _say_how(show: Show, source: str, told: str) -> None:
    """Say as what a source is read, and what else it could be read as: a folder can hold sentences and boxes."""
    if not told:
        return
    others = [name for name in _subject.claims(source) if name != told.split(" ")[0]]
    also = "".join(f"; `visus fit {name} {source}` reads it as {name}" for name in others)
    show.say(f"{source} is read as {told}{also}")


def resume(folder: str | Path, show: Show | None = None) -> Fitted:
    """Go on with an interrupted run exactly where it stopped. Raises FileNotFoundError if there is none."""
    run = Run(Path(folder))
    torch.set_num_threads(run.info["hardware"]["threads"])  # sums in another order would change the last bits
    show = show or Silent()
    if run.info["recipe"] == FIT:
        return _run(run.folder, Budget(run.info["budget_s"], _spent(run)), show, lambda question: True)
    if run.info["recipe"] == search_recipe.SEARCH:
        return Fitted(run.folder, bool(search_recipe.resume(run.folder, show).best))
    if run.info["recipe"] == ensemble.ENSEMBLE:
        return Fitted(ensemble.resume(run.folder, show).folder, True)
    return Fitted(run.folder, not _train_recipe(run.folder, show).why)


def train_recipe(
    name: str, settings: Mapping[str, Any], runs: str | Path = "runs", show: Show | None = None
) -> tuple[Path, Outcome]:
    """Train a ready-made recipe. Raises LookupError, ValueError, OSError for what cannot be, before a run is begun."""
    build = catalogue.find(recipes, name).build
    settings = _form.completed(build, settings)
    form = _form.resolved(build, settings)
    _subject.of_recipe(name).check(settings, build)
    about = _subject.name_of(name)
    info = {
        "recipe": name,
        "subject": about,
        "given": dict(settings),
        "settings": form,
        **circumstances(int(form.get("seed", 0))),
    }
    keep_freed_memory()
    task = build(**settings)
    folder = create(Path(runs), name.replace("_", "-"), info)
    return folder, _train_recipe(folder, show or Silent(), task)


def check_settings(
    settings: Mapping[str, Any],
    skip: Iterable[str] = (),
    recipe: str = RECIPES[CLASSES],
) -> None:
    """Raise ValueError for a setting that does not exist or cannot be, or a stage that cannot be skipped."""
    build = catalogue.find(recipes, recipe).build
    form = _form.fields(build, {name: str(value) for name, value in settings.items()})
    for name, value in settings.items():
        if name not in form:
            raise ValueError(
                f"no setting '{name}'.{catalogue.nearest(name, form)} Settings: budget, {', '.join(form)}."
            )
        if name == next(iter(_subject.of_recipe(recipe).PREPARED)):
            raise ValueError(f"{name} is what `fit` is given first; leave the setting out")
        form[name].check(value)
    _subject.of_recipe(recipe).check(settings, build)
    for stage in skip:
        if stage not in _sequence.SKIPPABLE:
            known = _sequence.SKIPPABLE
            raise ValueError(f"cannot skip '{stage}'.{catalogue.nearest(stage, known)} Can be: {', '.join(known)}.")


def understood(words: Sequence[str]) -> tuple[str, str, list[str]]:
    """What is meant by the words behind `visus fit`: the subject, the source, and the settings.

    The first word is a subject if it is the name of one and of no file. Raises ValueError if nothing is left to learn
    from.
    """
    path, *rest = words
    if path not in catalogue.names(subjects) or Path(path).exists():
        task = next((word.removeprefix("task=") for word in rest if word.startswith("task=")), "")
        return _subject.meant(path, task), path, rest
    if not rest or ("=" in rest[0] and not Path(rest[0]).exists()):
        source = _subject.named(path).SOURCE
        raise ValueError(f"fit {path} needs what to learn from: {source}; for example `visus fit {path} PATH`")
    return path, rest[0], rest[1:]


def seconds(text: str) -> float:
    """'10m', '90s', '1.5h' or '600' -> seconds. Raises ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|min|h)?", text.strip())
    if not found or float(found[1]) <= 0:
        raise ValueError(f"budget must be a time such as 90s, 10m or 1.5h; got '{text}'")
    return float(found[1]) * UNITS[found[2] or "s"]


def stem(source: str) -> str:
    """A run's name from its source: the last part of the path, in letters that any file system takes."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(source).resolve().stem if Path(source).exists() else source)
    return name.strip("-.")[:40] or "run"


def _run(folder: Path, budget: Budget, show: Show, confirm: Callable[[str], bool], found: Any = None) -> Fitted:
    keep_freed_memory()
    info = Run(folder).info
    session = Session(
        info["source"],
        folder,
        info["given"],
        budget,
        frozenset(info["skip"]),
        show,
        Journal(folder),
        info["seed"],
        confirm,
        found,
        info.get("strategy", STRATEGY),
        info.get("learns", RECIPES[CLASSES]),
    )
    session.journal.note("opened")
    for event in Run(folder).events("settings"):
        session.detail["settings"] = event["settings"]
    try:
        return Fitted(folder, _sequence.run(session))
    finally:
        session.journal.close()


def _train_recipe(folder: Path, show: Show, task: Task | None = None) -> Outcome:
    """Train in `folder`, to its end. task: as it was built for a fresh run; None: built anew, as the run records it."""
    keep_freed_memory()
    info = Run(folder).info
    build = catalogue.find(recipes, info["recipe"]).build
    measured_before = {"arithmetic": info["precision"]} if "precision" in info and _subject.counts(build) else {}
    task = task or build(**info["given"] | measured_before)
    if "precision" not in info:
        settle(folder, task, fewest_threads(task))
    outcome = train(task, folder, show)
    if outcome.why == INTERRUPTED:
        raise InterruptedRunError("train", folder)
    subject = _subject.of_recipe(info["recipe"])
    stages = {"train": {"best": outcome.best, "said": outcome.said}, **subject.keep(folder, task)}
    subject.ship(folder, task, {**info["settings"], **info["given"]}, stages)
    subject.illustrate(folder, task, show)
    write(folder)
    for finding in outcome.findings:
        show.verdict("doctor", f"{finding.what}; {finding.cause}: {finding.remedy}", finding.severity)
    show.say(f"best {outcome.said} at step {outcome.best_step + 1}; {folder / 'report.html'}")
    return outcome


def _spent(run: Run) -> float:
    """Seconds that earlier attempts at a run took, from their first event to their last."""
    total, began, last = 0.0, 0.0, 0.0
    for event in run.events():
        if event["event"] == "opened":
            total, began = total + last - began, event["time"]
        last = event["time"]
    return total + last - began
