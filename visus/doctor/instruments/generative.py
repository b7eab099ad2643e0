"""What a task that learns to make pictures may offer the doctor; one that offers none of it is left in peace.

`task.model` is looked at, and of the task itself what it says about two networks that play against each other. Levels
are whole numbers uint8 (B, C, H, W) as `model.canvas` says; labels (B,), None where the model knows no classes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ...engine.aside import aside
from ...engine.objective import Batch, Objective
from ...engine.seed import own_randomness
from ...engine.task import Task, evaluating

SECONDS = 10.0  # that a look at samples may take: pixel by pixel, in colour, it is many
READING = 3.0  # and reading of training pictures
TELLING = 0.05  # of the samples' time, after which all of it can be told in advance


class Drawn(Protocol):
    """What pictures are made of; see data.Canvas."""

    channels: int
    height: int
    width: int
    levels: int


class Drawing(Protocol):
    canvas: Drawn
    n_classes: int

    def sample(
        self,
        n: int,
        dice: torch.Generator,
        *,
        labels: Tensor | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Tensor:
        """n pictures as the model makes them by default: levels."""
        ...


class Autoregression(Protocol):
    """A model that says how likely each value is, given those before it: row by row, red before green before blue."""

    def log_probabilities(self, levels: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, L, C, H, W): of every level at every value, in nats, given the values before it in `levels`."""
        ...


class Believing(Protocol):
    """A model that finds where a picture lies, and how sure it is of that."""

    def posterior(self, levels: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of a normal distribution, (B, Z) each; before any picture it is the standard one."""
        ...

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """The brightness (B, C, H, W) in [0, 1] at points (B, Z)."""
        ...


class Weighing(Protocol):
    """A task whose loss has the terms "reconstruction" and "kl"."""

    @property
    def weight_of_kl(self) -> float:
        """The factor on the second one now."""
        ...


class Game(Protocol):
    logistic: bool  # whether the sigmoid of a score is the chance that the picture is real


class Opposed(Protocol):
    """A task of two networks, whose objectives are called "critic" and "generator"."""

    game: Game

    def odds(self, batch: Batch) -> dict[str, Tensor]:
        """The critic's scores of the "real" pictures of a batch (B,), and of as many "generated" ones (B,)."""
        ...


@dataclass(frozen=True)
class Pictures:
    """levels: uint8 (B, C, H, W). labels: (B,), or None."""

    levels: Tensor
    labels: Tensor | None = None

    def __len__(self) -> int:
        return len(self.levels)


class TooLongError(Exception):
    """It would take more seconds than it is worth."""


def offers(task: Task, *names: str) -> Any:
    """The task's model if it has all of these methods, else None."""
    model = getattr(task, "model", None)
    there = isinstance(model, nn.Module) and all(callable(getattr(model, name, None)) for name in names)
    return model if there else None


def are_drawings(task: Task) -> bool:
    """Whether pictures are made: by a model that says of what."""
    model = getattr(task, "model", None)
    return all(hasattr(getattr(model, "canvas", None), name) for name in ("channels", "height", "width", "levels"))


def are_opponents(task: Task) -> bool:
    """Whether networks play against each other, each with an objective: what one gains is the other's loss."""
    owned = [{id(p) for p in o.parameters} for o in task.objectives if isinstance(o, Objective)]
    return len(owned) > 1 and sum(map(len, owned)) == len(set().union(*owned))


def model_of(task: Task) -> Any:
    """The task's model, as what it offers."""
    return task.model


@contextmanager
def looked_at(task: Task) -> Iterator[None]:
    """Inside, the task answers without learning, counting or drawing from the run's dice."""
    with aside(), own_randomness(0), evaluating(task):
        yield


def batch_of(task: Task, most: int) -> Batch:
    """At most so many validation pictures with their labels, or else training pictures: on the task's device."""
    read = getattr(getattr(task, "data", None), "part", None)
    found = next(iter(read("validation", most)), None) if read else None
    batch = next(iter(task.batches())) if found is None else found
    where = next(task.parameters()).device
    return tuple(column[:most].to(where) for column in batch)


def part(task: Task, name: str, most: int, seconds: float = READING) -> Pictures | None:
    """At most so many pictures of 'train' or 'validation', spread evenly; None where the task has no such part."""
    read = getattr(getattr(task, "data", None), "part", None)
    if read is None:
        return None
    columns, began = [], monotonic()
    for batch in read(name, most):
        columns.append(batch)
        if monotonic() - began > seconds:
            break
    return pictures(task, tuple(map(torch.cat, zip(*columns, strict=True)))) if columns else None


def pictures(task: Task, batch: Batch) -> Pictures:
    """The pictures of a batch, and their labels where the model takes them."""
    where = next(task.parameters()).device
    knows = getattr(model_of(task), "n_classes", 0)
    return Pictures(batch[0].to(where), batch[-1].to(where) if knows else None)


def samples(task: Task, n: int, labels: Tensor | None = None, seconds: float = SECONDS) -> Tensor:
    """n pictures as the model makes them, levels uint8. Raises TooLongError as soon as that can be told."""
    dice = torch.Generator().manual_seed(0)
    drawn: Tensor = model_of(task).sample(n, dice, labels=labels, progress=_within(seconds))
    return drawn


def _within(seconds: float) -> Callable[[int, int], None]:
    began = monotonic()

    def progress(done: int, of_all: int) -> None:
        taken = monotonic() - began
        expected = taken * of_all / done if done >= TELLING * of_all else taken
        if expected > seconds and done < of_all:
            raise TooLongError(f"samples take about {expected:.0f} seconds; {seconds:.0f} are spent on them")

    return progress
