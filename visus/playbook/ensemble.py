"""Average the predictions of several models: of given runs, of seeds, of a search's best, of one run's snapshots."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .. import recipes
from ..data.audit._gather import gather
from ..data.batches import PART_BATCH, Prepared
from ..data.collection import VALIDATION
from ..data.named import cache
from ..data.prepare import divide, finish
from ..data.source import open_collection
from ..doctor.finding import NOTE, PASS
from ..engine import catalogue
from ..metrics.gain import Gain, measure
from ..recipes import _form, classify
from ..recipes._told import need_classes
from ..report.exhibit import write
from ..runs.reader import SPLIT, Run
from ..runs.recorder import Journal, create
from ..ship import model as ship
from ..ship.card import card
from ..ship.ensemble import Ensemble, merged
from ._circumstances import circumstances
from ._gain import exhibit, fair, line
from ._members import finished, train_missing
from ._session import FIT, Show, Silent
from .search_recipe import SEARCH
from .split import write_parts

ENSEMBLE = "ensemble"  # what run.json calls a run of this kind
FEWEST = 2
PAGE = "ensemble"
QUESTION = "What is gained by averaging the predictions of several models?"


@dataclass(frozen=True)
class Ensembled:
    """What is left behind: a folder that predicts as any run's does, a page, and the gain."""

    folder: Path
    gain: Gain

    @property
    def page(self) -> Path:
        return self.folder / f"{PAGE}.html"


def of_runs(folders: Sequence[Path], runs: str | Path = "runs", show: Show | None = None) -> Ensembled:
    """Average the models of finished runs, measured on the validation pictures that they share.

    Raises ValueError for fewer than two, for models of other classes or picture sizes, and for runs that share no
    validation picture, because then any picture was learned from by one of them.
    """
    if len(folders) < FEWEST or len({folder.resolve() for folder in folders}) < len(folders):
        raise ValueError(f"an ensemble needs at least {FEWEST} different runs; got {', '.join(map(str, folders))}")
    show = show or Silent()
    trained, prepared, rows = _given(folders, show)
    info = Run(folders[0]).info
    source = source_of(info)
    record = {
        "recipe": ENSEMBLE,
        "how": "runs",
        "members": [str(member) for member in folders],
        "source": source,
        "settings": {"data": source},
        **circumstances(int(info["seed"])),
    }
    return _join(create(Path(runs), ENSEMBLE, record), [f.name for f in folders], trained, prepared, rows, show)


def of_seeds(
    recipe: str, settings: Mapping[str, Any], n: int, runs: str | Path = "runs", show: Show | None = None
) -> Ensembled:
    """Train a recipe n times on the same parts, each time from another seed. Raises ValueError, LookupError."""
    form = _checked(recipe, settings, n)
    if not classify.descends(form["model"]):
        raise ValueError(f"{form['model']} learns by remembering: every seed gives the same model; average other ones")
    seed = int(form["seed"])
    changes = [{"seed": seed + i} for i in range(n)]
    return _begin(recipe, settings, form, changes, 0, f"{recipe}-seeds", runs, show)


def of_snapshots(
    recipe: str, settings: Mapping[str, Any], n: int, runs: str | Path = "runs", show: Show | None = None
) -> Ensembled:
    """Train a recipe once with a cyclic learning rate, and average the weights' predictions at the end of n cycles.

    Source: Huang et al., 2017, Snapshot Ensembles: Train 1, get M for free.
    """
    form = _checked(recipe, settings, n)
    cyclic = {"schedule": "cyclic", "cycles": n}
    classify.refuse_idle(form["model"], {**settings, **cyclic})
    return _begin(recipe, settings, form, [cyclic], n, f"{recipe}-snapshots", runs, show)


def of_top(run_folder: Path, n: int, runs: str | Path = "runs", show: Show | None = None) -> Ensembled:
    """Train the n best different settings that a run's search found, each from a seed of its own, to full length."""
    run = Run(run_folder)
    info = run.info
    recipe = info["of"] if info["recipe"] == SEARCH else "classify" if info["recipe"] == FIT else info["recipe"]
    tops = best_settings(run, n)
    if len(tops) < max(n, FEWEST):
        raise ValueError(
            f"{run_folder} tried {len(tops)} different settings that did not diverge, and {n} are asked for; "
            "`visus search RECIPE --trials 24` makes more"
        )
    given = {**info["given"], "data": source_of(info)}
    form = _checked(recipe, given, n)
    changes = [{**settings, "seed": int(info["seed"]) + i} for i, settings in enumerate(tops)]
    return _begin(recipe, given, {**form, "seed": info["seed"]}, changes, 0, f"{run_folder.name}-top", runs, show)


def resume(folder: Path, show: Show | None = None) -> Ensembled:
    """Make an ensemble, or what is left of it: members that are finished are not trained again."""
    show, info = show or Silent(), Run(folder).info
    if info["how"] == "runs":
        folders = [Path(member) for member in info["members"]]
        return _join(folder, [f.name for f in folders], *_given(folders, show), show)
    prepared = train_missing(folder, show)
    members = finished(folder)
    trained = [ship.load(member) for member in members]
    names = [_name(info, place) for place in range(len(members))]
    return _join(folder, names, trained, prepared, prepared.split.validation, show)


def best_settings(run: Run, n: int) -> list[dict[str, Any]]:
    """The n best different settings among a run's longest trials, then shorter ones; best first."""
    trials = [event for event in run.events("trial") if event["score"] is not None]
    if not trials:
        raise ValueError(f"{run.folder} searched no settings; `visus search RECIPE` or `visus fit` does")
    found: list[dict[str, Any]] = []
    for trial in sorted(trials, key=lambda event: (-event["round"], -event["score"])):
        found += [trial["settings"]] if trial["settings"] not in found else []
    return found[:n]


def source_of(info: Mapping[str, Any]) -> str:
    """What a run learned from."""
    return str(info.get("source") or info["settings"]["data"])


def _checked(recipe: str, settings: Mapping[str, Any], n: int) -> dict[str, Any]:
    if n < FEWEST:
        raise ValueError(f"an ensemble needs at least {FEWEST} members; got {n}")
    need_classes(recipe, "ensembles")
    build = catalogue.find(recipes, recipe).build
    form = _form.resolved(build, settings)
    classify.refuse_idle(form["model"], settings)
    return form


def _begin(
    recipe: str,
    settings: Mapping[str, Any],
    form: Mapping[str, Any],
    changes: Sequence[Mapping[str, Any]],
    snapshots: int,
    name: str,
    runs: str | Path,
    show: Show | None,
) -> Ensembled:
    info = {
        "recipe": ENSEMBLE,
        "how": "snapshots" if snapshots else "changes",
        "of": recipe,
        "given": dict(settings),
        "settings": dict(form),
        "changes": [dict(change) for change in changes],
        "snapshots": snapshots,
        **circumstances(int(form["seed"])),
    }
    return resume(create(Path(runs), name.replace("_", "-"), info), show)


def _name(info: Mapping[str, Any], place: int) -> str:
    if info["snapshots"]:
        return f"snapshot {place + 1}"
    return ", ".join(
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in info["changes"][place].items()
    )


def _given(folders: Sequence[Path], show: Show) -> tuple[list[ship.TrainedModel], Prepared, NDArray[np.int64]]:
    """The models of runs, the first run's pictures, and the rows of those that every run has in its validation part."""
    trained = [ship.load(folder) for folder in folders]
    merged([model.facts for model in trained])  # refuses what cannot be averaged before any picture is opened
    frame = trained[0].frame
    info = Run(folders[0]).info
    collection = open_collection(source_of(info))
    gathered = gather(collection, frame, lambda n, total: show.progress("decode", n, total), cache())
    prepared = finish(gathered, frame, divide(gathered, int(info["seed"])))
    rows = prepared.split.validation
    for folder in folders:
        path = folder / SPLIT
        if not path.is_file():
            raise ValueError(f"{folder} does not say which pictures it was validated on; train it again")
        theirs = set(json.loads(path.read_text(encoding="utf-8"))[VALIDATION])
        rows = rows[[prepared.split.keys[row] in theirs for row in rows]]
    if not len(rows):
        raise ValueError(
            "these runs share no validation picture, so one of them learned from whatever it would be measured on; "
            "`visus ensemble RECIPE --seeds 5` trains members that share their parts"
        )
    return trained, prepared, rows


def _join(
    folder: Path,
    names: Sequence[str],
    trained: Sequence[ship.TrainedModel],
    prepared: Prepared,
    rows: NDArray[np.int64],
    show: Show,
) -> Ensembled:
    """Measure the members and their average, save it as one model, write the page."""
    snapshots = Run(folder).info["how"] == "snapshots"
    facts = merged([model.facts for model in trained])
    labels = prepared.collection.labels[rows]
    probabilities = []
    for place, model in enumerate(trained):
        show.progress("measure", place, len(trained), names[place])
        pieces = [rows[i : i + PART_BATCH] for i in range(0, len(rows), PART_BATCH)]
        probabilities.append(torch.cat([model.score(prepared.images(piece)) for piece in pieces]).numpy())
    gain = measure(np.stack(probabilities), labels)
    write_parts(folder, prepared.split)
    stages: dict[str, dict[str, Any]] = {
        "train": {"best": gain.accuracy},
        "split": {"train": len(prepared.split.train)},
    }
    ship.save(folder, Ensemble([model.network for model in trained]), facts, card(folder.name, facts, stages))
    write(PAGE, QUESTION, {}, exhibit(gain, names, folder.name, snapshots), folder, "ensemble")
    journal = Journal(folder)
    journal.note("scores", step=0, epoch=0, scores={"validation_accuracy": gain.accuracy})
    journal.note("stopped", step=0, why="")
    journal.close()
    _, found = fair(gain, snapshots)
    show.verdict("ensemble", line(gain, snapshots), PASS if found.low > 0 else NOTE)
    return Ensembled(folder, gain)
