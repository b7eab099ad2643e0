"""What the stages of one `visus fit` share: the user's wishes, the clock, the record, and what earlier stages found."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from .. import recipes
from ..data.audit._gather import Gathered
from ..data.batches import Prepared
from ..data.collection import CLASSES
from ..data.decode import Frame
from ..data.split import Split
from ..doctor.finding import BLOCKER
from ..engine import catalogue
from ..engine.task import Task
from ..recipes._told import RECIPES
from ..runs.recorder import Journal

STRATEGY = "coarse_to_fine"  # of a search, unless another is asked for


FIT = "fit"  # what run.json calls a run of the whole sequence


class Show(Protocol):
    """Where a session shows how far it is; the command line and the studio each bring their own."""

    def progress(self, stage: str, done: float, total: float, text: str = "") -> None: ...

    def verdict(self, stage: str, line: str, severity: str) -> None: ...

    def say(self, text: str) -> None: ...


class Silent:
    """Shows nothing."""

    def progress(self, stage: str, done: float, total: float, text: str = "") -> None: ...

    def verdict(self, stage: str, line: str, severity: str) -> None: ...

    def say(self, text: str) -> None: ...


class BlockedError(RuntimeError):
    """A stage found that going on makes no sense; the text says why and what to do."""


class InterruptedRunError(RuntimeError):
    """The user stopped the run; it can be resumed."""

    def __init__(self, where: str, folder: Path) -> None:
        super().__init__(f"stopped in {where}; `visus resume {folder}` continues exactly there")


@dataclass(frozen=True)
class Verdict:
    """How a stage ended: the severity, the line that is printed, and the figures behind it (JSON-ready)."""

    severity: str
    line: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def blocks(self) -> bool:
        return self.severity == BLOCKER


class Budget:
    """A number of seconds from now on, or no limit. spent_before: seconds of earlier attempts at the same run."""

    def __init__(self, seconds: float | None, spent_before: float = 0.0) -> None:
        self.seconds, self._began = seconds, time.monotonic() - spent_before

    @property
    def spent(self) -> float:
        return time.monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds left, infinite without a budget."""
        return float("inf") if self.seconds is None else max(0.0, self.seconds - self.spent)


@dataclass
class Session:
    """One run of the playbook. `given` are the settings the user named: they always win."""

    source: str
    folder: Path
    given: dict[str, Any]
    budget: Budget
    skip: frozenset[str]
    show: Show
    journal: Journal
    seed: int = 0
    confirm: Callable[[str], bool] = lambda question: True
    opened: Any = None  # the source, opened already, or to be opened by the audit
    strategy: str = STRATEGY  # of the search
    learns: str = "classify"  # the recipe: others tell something else than a class, or learn from something else

    frame: Frame | None = None  # of pictures, as the next two
    gathered: Gathered | None = None
    split: Split | None = None
    prepared: Any = None  # the data, ready to be learned from, whatever they are
    suggested: dict[str, Any] = field(default_factory=dict)  # what stages found better than the recipe's defaults
    detail: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # of each finished stage

    @property
    def runs(self) -> Path:
        return self.folder.parent

    @property
    def kind(self) -> str:
        """What the recipe tells of a picture: classes, attributes or numbers."""
        return next((kind for kind, recipe in RECIPES.items() if recipe == self.learns), CLASSES)

    @property
    def build(self) -> Callable[..., Task]:
        """The recipe's `build`."""
        found: Callable[..., Task] = catalogue.find(recipes, self.learns).build
        return found

    @property
    def settings(self) -> dict[str, Any]:
        """The recipe's arguments: what stages suggest, and above it what the user named."""
        return {"seed": self.seed, **self.suggested, **self.given}

    def suggest(self, **settings: Any) -> None:
        """Prefer these values where the user named none."""
        self.suggested.update(settings)

    @property
    def ready(self) -> Prepared:
        """The prepared pictures. The stages audit and split come first."""
        assert isinstance(self.prepared, Prepared), "the split stage prepares the pictures"
        return self.prepared
