"""What a run folder says, read once and cleaned at the door: the sections of the report need trust nothing else."""

import json
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from ..runs import robustness
from ..runs.reader import Run
from .wording import cleaned

Event = dict[str, Any]
TEXTS = ("language", "illustration")  # facts and events that hold texts of several lines


@dataclass(frozen=True)
class Record:
    """One run: `info` as in run.json, events in order, tensors kept as evidence and the facts about them.

    `troubles` are sentences about what could not be read; the report prints them instead of failing. `robustness`
    is what attacks and changed pictures left of the accuracy, see `runs.robustness`.
    """

    info: dict[str, Any]
    events: list[Event]
    tensors: dict[str, NDArray[Any]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    robustness: dict[str, Any] = field(default_factory=dict)

    def of(self, kind: str) -> list[Event]:
        """The events of one kind, in order."""
        return [event for event in self.events if event.get("event") == kind]

    def verdict(self, stage: str) -> Event | None:
        """The last verdict of a stage, or None if it was not reached."""
        return next((event for event in reversed(self.of("verdict")) if event.get("stage") == stage), None)

    @property
    def subject(self) -> str:
        """What the model is about: pictures, text, detection and so on."""
        return str(self.info.get("subject") or "pictures")

    @property
    def only_searched(self) -> bool:
        """Whether this is a search alone, as `visus search` leaves it: nothing was trained to the end or tested."""
        return self.info.get("recipe") == "search"

    def detail(self, stage: str) -> dict[str, Any]:
        """What the stage measured; empty if it was not reached."""
        return mapping((self.verdict(stage) or {}).get("detail"))

    @property
    def classes(self) -> list[str]:
        """The names of the classes, in the order of their indices."""
        named = sequence(self.facts.get("classes")) or sequence(mapping(self.info.get("data")).get("classes"))
        return [str(name).strip() or "(no name)" for name in named]


def read(run: Run) -> Record:
    """Read everything the report shows. A file that is damaged becomes a sentence in `troubles`, not an exception."""
    troubles = []
    try:
        info = mapping(_clean(run.info))
    except json.JSONDecodeError as error:
        info = {}
        troubles.append(f"run.json is damaged ({error}), so settings and versions are missing here")
    events = [_clean(event, event["event"] in TEXTS) for event in run.events()]
    try:
        tensors, facts = run.evidence()
    except (SafetensorError, json.JSONDecodeError, OSError) as error:
        tensors, facts = {}, {}
        troubles.append(f"evidence.safetensors cannot be read ({_clean(str(error))}), so the pictures are missing here")
    arrays = {
        name: tensor.float().numpy() if tensor.is_floating_point() else tensor.numpy()
        for name, tensor in tensors.items()
    }
    measured = mapping(_clean(robustness.read(run.folder)))
    return Record(info, events, arrays, _facts(facts), troubles, measured)


def number(value: object) -> float:
    """A float; NaN for whatever is not a finite number, such as the null that stands for a loss that overflowed."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value) if math.isfinite(value) else math.nan


def mapping(value: object) -> dict[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def _facts(facts: object) -> dict[str, Any]:
    return {str(_clean(key)): _clean(value, key in TEXTS) for key, value in mapping(facts).items()}


def _clean(value: Any, lines: bool = False) -> Any:
    """The value with every text in it cleaned; lines: whether its texts may have several."""
    if isinstance(value, str):
        return cleaned(value, lines)
    if isinstance(value, dict):
        return {str(_clean(key)): _clean(inner, lines) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner, lines) for inner in value]
    return value


def as_array(values: list[float]) -> NDArray[np.float64]:
    """Floats (n,)."""
    return np.asarray(values, dtype=np.float64)
