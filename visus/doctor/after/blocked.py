"""Did a stage of the playbook block the run before its training?"""

from ...runs.reader import Run
from ..finding import BLOCKER, PASS, Finding

TRAINING = "train"  # why a training failed is told by its own figures, better than by the stage that gave up


def examine(run: Run) -> list[Finding]:
    last = {e["stage"]: e for e in run.events("verdict") if isinstance(e.get("stage"), str)}
    last.pop(TRAINING, None)
    blocked = [e for e in last.values() if e.get("severity") == BLOCKER]
    if not last:
        return []
    if not blocked:
        return [Finding(PASS, "no stage blocked the training")]
    return [
        Finding(
            BLOCKER,
            f"{e['stage']}: {e.get('line', '')}",
            "every stage passing",
            f"the {e['stage']} stage found that going on makes no sense",
            "do what its line says and start again",
            kind="blocked",
            where=f"{e['stage']} stage",
            weight=0.99,
            defect=True,
        )
        for e in blocked
    ]
