"""What the playbook asks of each subject, and how it finds the one that is meant."""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from ... import recipes
from ...engine import catalogue
from ...engine.task import Task
from ...recipes import _form
from .. import subjects
from .._session import Session, Show, Verdict

PICTURES = "pictures"  # what a recipe is about that does not say it
ARITHMETIC = "arithmetic"


class Stage(Protocol):
    """One stage of `visus fit`: `run` makes it, `recall` brings back what the next stages need of one made before."""

    def run(self, session: Session) -> Verdict: ...

    def recall(self, session: Session, verdict: Verdict) -> None: ...


class Evaluation(Protocol):
    """What a finished model reached on other data. rows: a table below its headings."""

    @property
    def line(self) -> str: ...

    @property
    def severity(self) -> str: ...

    @property
    def headings(self) -> Collection[str]: ...

    @property
    def rows(self) -> Collection[Collection[str]]: ...


class Subject(Protocol):
    """A kind of thing to learn from.

    RECIPE: what `visus fit` trains unless told otherwise. SOURCE: what it is to be given, in words. STAGES: by name, in
    order. PREPARED: settings that say how data are read, of no use once they are; the first is where. FEWEST_STEPS: a
    small set gets more passes until it has so many, unless the user named epochs. MOST_LOOKED_AT: of the validation
    part, in a short trial. TRIAL: share of the training that the longest trials of a search must take to tell anything;
    0: some passes do.
    """

    @property
    def RECIPE(self) -> str: ...  # noqa: N802 - a constant of a module

    @property
    def SOURCE(self) -> str: ...  # noqa: N802

    @property
    def STAGES(self) -> Mapping[str, Stage]: ...  # noqa: N802

    @property
    def PREPARED(self) -> Collection[str]: ...  # noqa: N802

    @property
    def FEWEST_STEPS(self) -> int: ...  # noqa: N802

    @property
    def MOST_LOOKED_AT(self) -> int: ...  # noqa: N802

    @property
    def TRIAL(self) -> float: ...  # noqa: N802

    def recognises(self, source: str) -> bool:
        """Whether `visus fit SOURCE` is about this subject without being told."""
        ...

    def learned(self, source: str, settings: Mapping[str, Any], task: str) -> str:
        """The recipe to train. Raises LookupError or ValueError for a task that cannot be."""
        ...

    def check(self, settings: Mapping[str, Any], build: Callable[..., Any]) -> None:
        """Raise ValueError for settings that contradict each other, before anything is built or written."""
        ...

    def opened(self, source: str, settings: Mapping[str, Any], recipe: str, show: Show) -> Any:
        """The source, opened: what cannot be read is refused before anything is written."""
        ...

    def read_as(self, source: str, found: Any, recipe: str) -> str:
        """How an opened source is understood and what is trained for it, in words; '' if there is nothing to say."""
        ...

    def prepared(self, settings: Mapping[str, Any], recipe: str) -> Any:
        """The data of a recipe with these settings, resolved, ready to be learned from."""
        ...

    def fitted(self, source: str, settings: Mapping[str, Any], recipe: str) -> Any:
        """The data of a run of `visus fit`, as its stages prepared them. settings: of the recipe, resolved."""
        ...

    def handed(self, prepared: Any) -> Mapping[str, Any]:
        """What was prepared, as the settings of a recipe that take it."""
        ...

    def trial_data(self, prepared: Any) -> Any:
        """What the trials of a search are handed: no test part, and a validation part that is quickly scored."""
        ...

    def processes_share(self, prepared: Any) -> bool:
        """Whether trials may be made side by side, or all at once, on these data."""
        ...

    def blind_score(self, prepared: Any) -> float:
        """What a model that ignores its input scores on the validation part."""
        ...

    def beaten(self, measured: Mapping[str, Any]) -> float | None:
        """The validation score of the best simple method, from what the stage of the baselines measured."""
        ...

    def said(self, prepared: Any, score: float) -> str:
        """A validation score in words."""
        ...

    def held(self, prepared: Any) -> str:
        """Where the data are, for the forecast of memory; '' if there is nothing to say."""
        ...

    def ship(self, folder: Path, task: Task, settings: Mapping[str, Any], stages: Mapping[str, Any]) -> None:
        """Write the model folder of a trained task. stages: the details of the verdicts so far, for its card."""
        ...

    def keep(self, folder: Path, task: Task) -> Mapping[str, Any]:
        """After a training without the other stages: note which data lie in which part; details for the card."""
        ...

    def illustrate(self, folder: Path, task: Task, show: Show) -> None:
        """After a training without the other stages, its model being shipped: what the report shows beside curves."""
        ...

    def evaluate(self, folder: Path, source: str, show: Show, views: str) -> Evaluation:
        """Measure a finished model on other data; the use is counted in the ledger."""
        ...


def named(name: str) -> Subject:
    """The subject called `name`. Raises LookupError."""
    return cast(Subject, catalogue.find(subjects, name))


def name_of(recipe: str) -> str:
    """The subject of a recipe. Raises LookupError for a recipe that does not exist."""
    return str(getattr(catalogue.find(recipes, recipe), "SUBJECT", PICTURES))


def of_recipe(recipe: str) -> Subject:
    """What a recipe is about. Raises LookupError for a recipe that does not exist."""
    return named(name_of(recipe))


def built(recipe: str, prepared: Any, settings: Mapping[str, Any]) -> Task:
    """The task of a recipe that learns from what was prepared. settings: its others."""
    build = catalogue.find(recipes, recipe).build
    settings = {name: value for name, value in settings.items() if name != ARITHMETIC or counts(build)}
    found: Task = build(**of_recipe(recipe).handed(prepared), **settings)
    return found


def counts(build: Callable[..., Any]) -> bool:
    """Whether the recipe can be told how numbers are kept, as stages measure it; one that fills a table cannot."""
    return ARITHMETIC in _form.own_fields(build)


def about(tells: str) -> str:
    """The name of the subject of a saved model, by what it tells: that of pictures has several things to tell."""
    return tells if tells in catalogue.names(subjects) else PICTURES


def recognised(source: str) -> str:
    """The name of the subject that a source is about, pictures if no other claims it."""
    return next(claims(source), PICTURES)


def meant(source: str, task: str) -> str:
    """The subject of a recipe that is asked for, unless that is about pictures; else what the source is about."""
    if task in catalogue.names(recipes) and name_of(task) != PICTURES:
        return name_of(task)
    return recognised(source)


def claims(source: str) -> Iterator[str]:
    """The names of all subjects but pictures that a source may be about: a folder can hold sentences and boxes."""
    others = (name for name in catalogue.names(subjects) if name != PICTURES)
    return (name for name in others if named(name).recognises(source))


def need_pictures(recipe: str, what: str) -> None:
    """Raise ValueError for a recipe about something else. what: `visus rate`, say, for the sentence."""
    about = name_of(recipe)
    if about != PICTURES:
        raise ValueError(f"{what} is made for recipes about pictures, and {recipe} is about {about}; use visus train")
