"""Does the world keep its word: numbers of the shape it promised, episodes that end, and the same ones from a seed?"""

from typing import Any

from ...engine.task import Task
from ..finding import BLOCKER, PASS, Finding
from ..instruments import acting


def examine(task: Task) -> list[Finding]:
    """A fresh copy of the world is played at random for some thousand steps; those of the task are left alone."""
    if not acting.acts(task):
        return [Finding(PASS, "nothing is learned by acting")]
    judged: Any = task.judged
    if not hasattr(judged, "complaints"):
        return [Finding(PASS, "the worlds do not tell how to make another one")]
    complaints = [_broken(complaint, judged.name) for complaint in judged.complaints()]
    return complaints or [Finding(PASS, f"{judged.name} gives what it promises")]


def _broken(complaint: str, name: str) -> Finding:
    what, _, remedy = complaint.partition("; ")
    return Finding(
        BLOCKER,
        f"{name}: {what}",
        "what a world promises",
        cause="what is learned from is not what the world says it is",
        remedy=remedy or "mend its `reset` and `step`",
        kind="world_breaks_its_word",
        where="world",
        weight=0.9,
        defect=True,
    )
