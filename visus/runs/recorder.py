"""Write the record of a run while it happens: events, checkpoints, the best weights."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import torch
from torch import Tensor

from ..engine.loop import Observer
from ..engine.objective import Memory, Objective, Report
from ..engine.seed import random_state, restore_random_state
from ..engine.task import Task
from . import checkpoint, sheet
from .reader import EVENTS, RUN

CHECKPOINTS, LAST, BEST = "checkpoints", "last.safetensors", "best.safetensors"
CHECKPOINT_SECONDS = 30.0  # at most this much work is lost to a kill
SAVING_SHARE = 0.05  # of the time; a large memory of experience is saved less often


def create(root: Path, name: str, info: Mapping[str, Any]) -> Path:
    """A new folder root/name-N with its run.json; N counts up, so that no run overwrites another."""
    root.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = root / f"{name}-{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
            continue
        write_info(folder, {"name": folder.name, **info})
        return folder


def write_info(folder: Path, info: Mapping[str, Any]) -> None:
    checkpoint.write_whole(folder / RUN, (json.dumps(plain(info), indent=2) + "\n").encode())


class Journal:
    """The append-only events of a run: one JSON object a line."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / EVENTS
        self._file: TextIO | None = None

    def note(self, event: str, **facts: Any) -> None:
        """Append one event. Raises SaveError if the disk refuses it."""
        try:
            if self._file is None:
                self._end_torn_line()
                self._file = self.path.open("a", encoding="utf-8")
            self._file.write(json.dumps(plain({"event": event, "time": time.time(), **facts})) + "\n")
            self._file.flush()
        except OSError as error:
            raise checkpoint.SaveError(f"could not write {self.path}: {error.strerror}; free some space") from error

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _end_torn_line(self) -> None:
        """After a kill the last line may be half: end it, so that the next event stands on its own."""
        if self.path.is_file() and self.path.stat().st_size:
            with self.path.open("rb+") as file:
                file.seek(-1, 2)
                if file.read(1) != b"\n":
                    file.write(b"\n")


class Recorder(Observer):
    """Keeps a run's metrics, its last state and its best weights.

    remember: the observers whose state belongs into a checkpoint, in a fixed order.
    log_every: steps averaged into one line of metrics.
    """

    def __init__(
        self,
        folder: Path,
        remember: Sequence[Observer] = (),
        log_every: int = 10,
    ) -> None:
        self.folder, self.remember, self.log_every = folder, list(remember), log_every
        self.journal = Journal(folder)
        self.best, self.best_step = -math.inf, -1
        self._recent: dict[str, list[Report]] = {}
        self._saved_at, self._pause = time.monotonic(), CHECKPOINT_SECONDS
        (folder / CHECKPOINTS).mkdir(exist_ok=True)

    def resume(self, task: Task) -> int:
        """Put task, observers and random state back to the last checkpoint; returns the step to go on from."""
        path = self.folder / CHECKPOINTS / LAST
        if not path.is_file():
            return 0
        state = checkpoint.load(path)
        task.load_state_dict(state["task"])
        task.go_on(state.get("ongoing", {}))
        for objective, saved in zip(task.objectives, state["objectives"], strict=True):
            objective.load_state_dict(saved)
        for observer, saved in zip((self, *self.remember), state["observers"], strict=True):
            observer.restore(saved)
        restore_random_state(state["random"])
        return int(state["step"])

    def before_fit(self, task: Task, start: int) -> None:
        self.journal.note("resumed" if start else "started", step=start)
        if not start:
            self.save(task, 0)

    def after_improvement(self, step: int, objective: Objective | Memory, report: Report) -> None:
        self._recent.setdefault(objective.name, []).append(report)

    def after_step(self, step: int, task: Task) -> None:
        if (step + 1) % self.log_every == 0:
            self._write_metrics(step, task)
        if time.monotonic() - self._saved_at >= self._pause:
            self.save(task, step + 1)

    def after_evaluation(self, step: int, task: Task, scores: Mapping[str, float]) -> None:
        score = next(iter(scores.values()))
        if score > self.best or (task.keeps_later and score == self.best) or task.keeps_last:
            self.best, self.best_step = score, step
            checkpoint.save(self.folder / CHECKPOINTS / BEST, {"task": task.state_dict(), "step": step, "score": score})
        self.journal.note("scores", step=step, epoch=(step + 1) / task.steps_per_epoch, scores=dict(scores))
        if made := task.illustrate():
            self.journal.note("illustration", step=step, epoch=(step + 1) / task.steps_per_epoch, made=made)
        if sheets := self._keep(task.pictured(), step):
            self.journal.note("pictures", step=step, epoch=(step + 1) / task.steps_per_epoch, sheets=sheets)

    def after_fit(self, steps_done: int, task: Task, why: str) -> None:
        self._write_metrics(steps_done - 1, task)
        self.save(task, steps_done)
        self.journal.note("stopped", step=steps_done, why=why)

    def save(self, task: Task, step: int) -> None:
        """Write the last checkpoint: everything that the step `step` depends on."""
        began = time.monotonic()
        state = {
            "step": step,
            "task": task.state_dict(),
            "ongoing": task.ongoing(),
            "objectives": [objective.state_dict() for objective in task.objectives],
            "observers": [observer.state() for observer in (self, *self.remember)],
            "random": random_state(),
        }
        checkpoint.save(self.folder / CHECKPOINTS / LAST, state)
        self._saved_at = time.monotonic()
        self._pause = max(CHECKPOINT_SECONDS, (self._saved_at - began) / SAVING_SHARE)

    def load_best(self, task: Task) -> int:
        """Put the best weights into the task; returns the step they are from. Raises FileNotFoundError if none."""
        path = self.folder / CHECKPOINTS / BEST
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: this run was never evaluated; `visus resume {self.folder}`")
        state = checkpoint.load(path)
        task.load_state_dict(state["task"])
        return int(state["step"])

    def state(self) -> dict[str, Any]:
        return {"best": self.best, "best_step": self.best_step}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.best, self.best_step = float(state["best"]), int(state["best_step"])

    def _keep(self, pictured: Mapping[str, Tensor], step: int) -> dict[str, dict[str, Any]]:
        """Write named pictures as sheets; by name the file, within the run folder, and how the sheet is laid out."""
        found = {}
        for name, pictures in pictured.items():
            path = self.folder / sheet.PICTURES / f"{name}-{step + 1:07d}.png"
            layout = sheet.write(path, pictures)
            found[name] = {"file": path.relative_to(self.folder).as_posix(), **vars(layout)}
        return found

    def _write_metrics(self, step: int, task: Task) -> None:
        for name, reports in self._recent.items():
            ratios = [float(r.update_ratio) for r in reports if r.update_ratio is not None]
            norms = [r.gradient_norm for r in reports if r.gradient_norm is not None]
            self.journal.note(
                "metrics",
                step=step,
                epoch=(step + 1) / task.steps_per_epoch,
                objective=name,
                loss=float(torch.stack([r.loss for r in reports]).mean()),
                terms={term: float(torch.stack([r.terms[term] for r in reports]).mean()) for term in reports[0].terms},
                gradient_norm=float(torch.stack(norms).mean()) if norms else None,
                lr=reports[-1].lr,
                **({"update_ratio": ratios[-1]} if ratios else {}),
            )
        self._recent.clear()


def plain(value: Any) -> Any:
    """JSON-ready: tensors and NumPy scalars become numbers, and what is not finite becomes null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Tensor) or hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
