"""Cross-validate one setting of a recipe: every fold of the pictures is the validation part once, for each value."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .. import recipes
from ..data.batches import Prepared
from ..data.collection import VALIDATION
from ..data.prepare import folded
from ..doctor.checkup import StopNotFinite
from ..engine import averaging, catalogue
from ..engine.loop import Evaluate, Observer, fit
from ..engine.probe import fewest_threads
from ..engine.task import Task
from ..recipes import _form, classify
from ..recipes._told import need_classes
from ..report.exhibit import Exhibit, Table, write
from ..report.figures.crossvalidation import crossvalidation as picture
from ..tasks.classify import Classification, Remember
from ._session import Show, Silent

OF_THE_PICTURES = ("data", "size", "framing", "memory")  # the folds are made of them, before any setting is tried
STAGE = "folds"


@dataclass(frozen=True)
class CrossValidated:
    """What was measured. scores: (values, folds), validation accuracies in [0, 1], NaN where a training diverged."""

    name: str
    values: Sequence[Any]
    scores: NDArray[np.float64]
    n_descents: int = 0  # trainings it took that descend a loss, and so cost time

    @property
    def means(self) -> NDArray[np.float64]:
        """Mean over the folds (values,)."""
        found: NDArray[np.float64] = self.scores.mean(1)
        return found

    @property
    def deviations(self) -> NDArray[np.float64]:
        """Standard deviation between the folds (values,)."""
        found: NDArray[np.float64] = self.scores.std(1, ddof=1)
        return found

    @property
    def place(self) -> int:
        """Which value is best on average; of equals the one named first. Diverged ones are never best."""
        return int(np.where(np.isnan(self.means), -1.0, self.means).argmax())

    @property
    def best(self) -> Any:
        return self.values[self.place]


class CrossValidation:
    """A recipe, and one setting of it that has several values. Raises ValueError, LookupError before any work.

    typed: what a person typed, {"model": "knn", "k": "1,3,5"}: exactly one setting has a list of values.
    """

    def __init__(self, recipe: str, typed: Mapping[str, str], folds: int = 5) -> None:
        if folds < 2:
            raise ValueError(f"cross-validation needs at least 2 folds; got {folds}")
        need_classes(recipe, "cross-validations")
        self.recipe, self.folds = recipe, folds
        self.build: Callable[..., Classification] = catalogue.find(recipes, recipe).build
        self.name, texts = _listed(typed)
        rest = {name: text for name, text in typed.items() if name != self.name}
        self.given = [_form.read(self.build, {**rest, self.name: text}) for text in texts]
        for given in self.given:
            classify.refuse_idle(_form.resolved(self.build, given)["model"], given)
        self.values = [given[self.name] for given in self.given]
        if self.by_neighbours and min(self.values) < 1:
            raise ValueError(f"k must be at least 1; got {min(self.values)}")
        if len(set(self.values)) < len(self.values):
            raise ValueError(f"{self.name} names a value twice: {typed[self.name]}; name each once")

    @property
    def settings(self) -> dict[str, Any]:
        """All settings but the one that varies, with their values."""
        return {key: value for key, value in _form.resolved(self.build, self.given[0]).items() if key != self.name}

    @property
    def by_neighbours(self) -> bool:
        """Whether one search for the most neighbours answers for all values."""
        return self.name == "k" and self.settings["model"] == "knn"

    def run(self, show: Show | None = None) -> CrossValidated:
        """Train len(values) x folds times; for the k of nearest neighbours, once a fold."""
        show, form = show or Silent(), self.settings
        show.progress(STAGE, 0, 1, "preparing the pictures")
        parts = folded(
            form["data"], self.folds, form["size"], form["framing"], int(form.get("seed", 0)), form["memory"]
        )
        if self.by_neighbours:
            self._refuse_too_many(min(len(part.split.train) for part in parts))
            return CrossValidated(self.name, self.values, self._neighbours(parts, show))
        return self._trained(parts, show)

    def _refuse_too_many(self, fewest: int) -> None:
        if max(self.values) > fewest:
            raise ValueError(
                f"k={max(self.values)}, but in the smallest of {self.folds} folds only {fewest} pictures are left to "
                "learn from; take a smaller k"
            )

    def _neighbours(self, parts: Sequence[Prepared], show: Show) -> NDArray[np.float64]:
        """Accuracy of every k in every fold from one search: the k nearest are the first k of the most asked for."""
        right = np.zeros((len(self.values), self.folds))
        for fold, part in enumerate(parts):
            show.progress(STAGE, fold, self.folds, f"neighbours of fold {fold + 1}")
            task = self.build(**{**self.given[int(np.argmax(self.values))], "data": part})
            fit(task, task.steps)
            model: Any = task.model
            for images, labels in part.part(VALIDATION):
                with torch.no_grad():
                    nearest, distances = model.network.neighbours(model.standardise(images.to(task.device)))
                for row, k in enumerate(self.values):
                    said = model.network.decide(nearest[:, :k], distances[:, :k]).cpu()
                    right[row, fold] += int((said == labels).sum())
        return right / [len(part.split.validation) for part in parts]

    def _trained(self, parts: Sequence[Prepared], show: Show) -> CrossValidated:
        scores, settled, descents = np.full((len(self.given), self.folds), np.nan), dict[str, Any](), 0
        total, threads = scores.size, torch.get_num_threads()
        try:
            for fold, part in enumerate(parts):
                for row, given in enumerate(self.given):
                    done = fold * len(self.given) + row
                    show.progress(STAGE, done, total, f"{self.name}={self.values[row]}, fold {fold + 1}")
                    task = self.build(**{**settled, **given, "data": part})
                    if not isinstance(task, Remember):
                        torch.set_num_threads(torch.get_num_threads() if done else fewest_threads(task))
                        # measured once: what is compared is the setting; another network has another fastest one
                        settled = {} if self.name in ("model", "batch") else {"arithmetic": str(task.precision)}
                        descents += 1
                    scores[row, fold] = _score(task, _Progress(show, done, total))
        finally:
            torch.set_num_threads(threads)
        return CrossValidated(self.name, self.values, scores, descents)


def write_page(validation: CrossValidation, found: CrossValidated, runs: Path) -> Path:
    """runs/crossvalidate-RECIPE-SETTING.html with the plot and the table; the numbers beside it as JSON."""
    exhibit = Exhibit(
        f"{validation.folds}-fold cross-validation of {found.name}",
        findings(found),
        [picture(found.name, found.values, found.scores, found.place)],
        tables=[table(found)],
        data={
            "values": list(found.values),
            "scores": [[None if math.isnan(score) else score for score in row] for row in found.scores.tolist()],
            "best": found.best,
        },
    )
    name = f"crossvalidate-{validation.recipe}-{found.name}".replace("_", "-")
    shown = {key: validation.given[0][key] for key in validation.given[0] if key != found.name}
    question = f"Which {found.name} is best, and how sure is that?"
    return write(name, question, shown, exhibit, runs, kicker="cross-validation")


def table(found: CrossValidated) -> Table:
    """A line a value: mean, deviation and every fold, in per cent."""
    rows = [
        [str(value), *(_percent(number) for number in (mean, deviation, *scores))]
        for value, mean, deviation, scores in zip(
            found.values, found.means, found.deviations, found.scores, strict=True
        )
    ]
    headings = [found.name, "mean", "deviation", *(f"fold {number}" for number in range(1, found.scores.shape[1] + 1))]
    return Table("Validation accuracy in per cent", headings, rows)


def findings(found: CrossValidated) -> list[str]:
    """What the numbers say, in sentences."""
    best, folds = found.place, found.scores.shape[1]
    if np.isnan(found.means[best]):
        return [f"No value of {found.name} trained in all {folds} folds without diverging; lower the learning rate."]
    mean, deviation = _percent(found.means[best]), _percent(found.deviations[best])
    lines = [
        f"{found.name}={found.best} is best: {mean} % on average, deviation {deviation} points between {folds} folds."
    ]
    near = [
        str(value)
        for row, value in enumerate(found.values)
        if row != best and _within_error(found.scores[best] - found.scores[row])
    ]
    if near:
        said = ", ".join(near)
        lines.append(
            f"Compared fold by fold, {found.name}={said} {'is' if len(near) == 1 else 'are'} within one standard error "
            "of it: these folds do not tell them apart."
        )
    if any(np.isnan(row).any() for row in found.scores):
        lines.append("Values with a dash diverged in at least one fold.")
    if found.n_descents:
        lines.append(
            f"This took {found.n_descents} trainings. For deep networks one fixed validation part is nearly as good "
            "and costs a fold of it; cross-validation is for small data."
        )
    return lines


def _within_error(differences: NDArray[np.float64]) -> bool:
    """Whether the mean of paired differences is at most its standard error. NaN is not."""
    return bool(differences.mean() <= differences.std(ddof=1) / math.sqrt(len(differences)))


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f}"


def _listed(typed: Mapping[str, str]) -> tuple[str, list[str]]:
    """The setting that has several values, and those."""
    listed = {name: [text.strip() for text in typed[name].split(",")] for name in typed if "," in typed[name]}
    if len(listed) != 1:
        got = f"got {', '.join(listed)}" if listed else "got none"
        raise ValueError(f"give exactly one setting several values, for example k=1,3,5; {got}")
    ((name, texts),) = listed.items()
    if name in OF_THE_PICTURES:
        raise ValueError(f"{name} decides which pictures there are to fold; cross-validate another setting")
    return name, texts


def _score(task: Classification, progress: Observer) -> float:
    """Validation accuracy after all steps, NaN if the loss was not finite."""
    average = averaging.chosen(task)
    keeper = _Keep()
    if fit(task, task.steps, [StopNotFinite(), Evaluate(task.steps, [keeper], average), progress]):
        return math.nan
    return keeper.score


class _Keep(Observer):
    """Scores the validation part with the weights that are evaluated, be they averaged or not."""

    score = math.nan

    def after_evaluation(self, step: int, task: Task, scores: Mapping[str, float]) -> None:
        self.score = scores["validation_accuracy"]


class _Progress(Observer):
    def __init__(self, show: Show, done: int, total: int) -> None:
        self.show, self.done, self.total = show, done, total

    def after_step(self, step: int, task: Task) -> None:
        self.show.progress(STAGE, self.done + (step + 1) / task.steps, self.total)
