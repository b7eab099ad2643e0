"""Is the learning rate about right? Judged by the size of the early updates relative to the weights."""

from collections.abc import Mapping
from statistics import median
from typing import Any

from ...engine.loop import Observer
from ...engine.objective import Memory, Objective, Report
from ..finding import NOTE, PASS, Finding

# About 1e-3 is usual; a decade or more either side is worth a note, not an alarm: good runs have been seen there.
LOW, HIGH = 1e-5, 1e-1
EARLY = 10  # measurements; late in a schedule updates are meant to be tiny


class Watch(Observer):
    def __init__(self) -> None:
        self.ratios: dict[str, list[float]] = {}

    def after_improvement(self, step: int, objective: Objective | Memory, report: Report) -> None:
        if report.update_ratio is not None and len(self.ratios.setdefault(objective.name, [])) < EARLY:
            self.ratios[objective.name].append(float(report.update_ratio))

    def state(self) -> dict[str, Any]:
        return {"ratios": self.ratios}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.ratios = state["ratios"]

    def findings(self) -> list[Finding]:
        return [_judge(name, median(ratios)) for name, ratios in self.ratios.items() if ratios]


def _judge(name: str, ratio: float) -> Finding:
    what, against = f"{name}: updates are {ratio:.0e} of the weights", f"usual {LOW:.0e} to {HIGH:.0e}"
    if LOW <= ratio <= HIGH:
        return Finding(PASS, what, against)
    too = "high" if ratio > HIGH else "low"
    remedy = "lower the learning rate" if ratio > HIGH else "raise the learning rate"
    return Finding(NOTE, what, against, f"the learning rate may be too {too}", remedy)
