"""All examinations of a task before it is trained, in an order that puts what explains the rest first."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from ..engine import catalogue
from ..engine.task import Task
from . import before
from .before._copy import unexamined
from .finding import Finding, worst
from .instruments.rehearsal import rehearsed

ORDER = (
    "world",
    "rewards",
    "head",
    "targets",
    "object_classes",
    "boxes",
    "anchors",
    "suppression",
    "ignored",
    "inputs",
    "pretrained",
    "future",
    "pixel_order",
    "likelihood",
    "padding",
    "vocabulary",
    "first_loss",
    "initialisation",
    "feature_maps",
    "depth",
    "through_time",
    "every_update",
    "frozen",
    "regularisation",
    "overfits_few",
    "beats_blank",
    "batch_leak",
    "batch_norm_single",
    "train_eval",
    "gradient",
)


@dataclass(frozen=True)
class Examined:
    """What one examination found. findings: none where the question does not arise. seconds: it took."""

    name: str
    findings: list[Finding]
    seconds: float

    @property
    def severity(self) -> str:
        return worst(finding.severity for finding in self.findings)


def names() -> list[str]:
    """Every examination of the folder, in the order in which they are made."""
    found = catalogue.names(before)
    return sorted(found, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


def examine(task: Task) -> Iterator[Examined]:
    """Make every examination, one after the other. One that cannot be made says why, and the others go on."""
    task = rehearsed(task)
    for name in names():
        yield examine_one(name, task)


def examine_one(name: str, task: Task) -> Examined:
    began = time.perf_counter()
    try:
        findings = catalogue.find(before, name).examine(task)
    except Exception as error:  # a foreign network may fail in any way; that is worth a line, not the end
        text = " ".join(str(error).split())[:200]
        findings = [unexamined(f"{type(error).__name__}: {text}")]
    return Examined(name, findings, time.perf_counter() - began)
