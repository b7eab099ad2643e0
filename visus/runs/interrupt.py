"""Ctrl-C ends a run after the step in hand, with everything saved; a second one ends it at once."""

import signal
from types import FrameType

from ..engine.loop import Observer, StopTraining
from ..engine.task import Task

INTERRUPTED = "interrupted"


class StopOnInterrupt(Observer):
    """Turns SIGINT and SIGTERM into a clean stop. Does nothing outside the main thread, where signals cannot be set."""

    def __init__(self) -> None:
        self.asked = False
        self._previous: dict[int, object] = {}

    def before_fit(self, task: Task, start: int) -> None:
        try:
            for which in (signal.SIGINT, signal.SIGTERM):
                self._previous[which] = signal.signal(which, self._ask)
        except ValueError:  # not the main thread
            self._previous.clear()

    def after_step(self, step: int, task: Task) -> None:
        if self.asked:
            raise StopTraining(INTERRUPTED)

    def after_fit(self, steps_done: int, task: Task, why: str) -> None:
        self.release()

    def release(self) -> None:
        """Give signals back to whom they belonged; also after a failure, where no end of the run is told."""
        for which, handler in self._previous.items():
            signal.signal(which, handler)  # type: ignore[arg-type]
        self._previous.clear()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
