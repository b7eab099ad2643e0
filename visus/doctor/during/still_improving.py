"""Was the run too short: is the validation score still rising at its end?"""

from collections.abc import Mapping
from typing import Any

from ...engine.loop import Observer
from ...engine.task import Task
from ..finding import NOTE, PASS, Finding

GAIN = 0.02  # share of the whole rise that the last fifth of the run still added
NOISE = 0.02  # a gain of two points may be one or two pictures of a small validation part
FEWEST = 5  # evaluations needed to speak of a trend


class Watch(Observer):
    def __init__(self) -> None:
        self.scores: list[float] = []

    def after_evaluation(self, step: int, task: Task, scores: Mapping[str, float]) -> None:
        self.scores.append(next(iter(scores.values())))

    def state(self) -> dict[str, Any]:
        return {"scores": self.scores}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.scores = state["scores"]

    def findings(self) -> list[Finding]:
        if len(self.scores) < FEWEST:
            return []
        tail = max(1, len(self.scores) // 5)
        earlier, latest = max(self.scores[:-tail]), max(self.scores[-tail:])
        gain, rise = latest - earlier, max(self.scores) - self.scores[0]
        what = f"the last fifth of the run added {100 * gain:.1f} points of {100 * rise:.1f}"
        if gain <= max(GAIN * rise, NOISE):
            return [Finding(PASS, what, "the curve is flat")]
        return [Finding(NOTE, what, "the curve is flat", "the run ended early", "train longer (more epochs or budget)")]
