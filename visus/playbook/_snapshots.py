"""Keep the weights at the end of each cycle of a cyclic schedule: an ensemble for the price of one run."""

from collections.abc import Sequence
from pathlib import Path

from ..engine.loop import Observer
from ..engine.objective import Batch
from ..engine.task import Task
from ..runs import checkpoint


class KeepSnapshots(Observer):
    """Saves the weights after the improvements `ends` (counted from 0) into folder/snapshot-1.safetensors and so on.

    A snapshot is taken before the next step begins, so that a run that is killed and resumed in between has it too.
    """

    def __init__(self, folder: Path, ends: Sequence[int]) -> None:
        self.paths = {end + 1: folder / f"snapshot-{number}.safetensors" for number, end in enumerate(ends, 1)}

    def before_step(self, step: int, task: Task, batch: Batch) -> None:
        self._keep(step, task)

    def after_fit(self, steps_done: int, task: Task, why: str) -> None:
        self._keep(steps_done, task)

    def _keep(self, steps_done: int, task: Task) -> None:
        if steps_done in self.paths:
            checkpoint.save(self.paths[steps_done], {"task": task.state_dict()})


def put(path: Path, task: Task) -> None:
    """The weights of a snapshot into the task. Raises FileNotFoundError if it was not reached."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: the run ended before this cycle did; train it to its end")
    task.load_state_dict(checkpoint.load(path)["task"])
