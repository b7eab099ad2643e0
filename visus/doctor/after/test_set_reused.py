"""Was the test set looked at more than once?"""

from ...runs import ledger
from ...runs.reader import Run
from ..finding import NOTE, PASS, Finding
from ._record import detail, number


def examine(run: Run) -> list[Finding]:
    tested = detail(run, "test")
    split, use = tested.get("split_hash"), number(tested.get("use"))
    if not split or not use >= 1:
        return []
    uses = ledger.uses(run.folder.parent, str(split))
    own = [number for number, used in enumerate(uses, start=1) if used.run == run.folder.name] or [int(use)]
    if own == [1]:
        return [Finding(PASS, "the test split was new when this run was tested on it")]
    others = sorted({used.run for used in uses} - {run.folder.name})
    whom = f", {len(others)} other run{'s' * (len(others) != 1)} among them" if others else ""
    return [
        Finding(
            NOTE,
            f"this run is use {own[-1]} of its test split{whom}",
            "one use",
            "settings chosen after looking at a test are chosen for that test: its figure flatters",
            "measure the model you settle on once on pictures that no run has seen (visus evaluate)",
            kind="test_set_reused",
            where="test split",
        )
    ]
