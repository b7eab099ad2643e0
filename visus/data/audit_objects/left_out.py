"""Did the importer leave anything out?"""

import re

from ..audit._evidence import PASS, Verdict
from ..audit._phrases import by_share, count
from ._evidence import ObjectEvidence

COUNTED = re.compile(r"\((\d+)\), left out")  # in an importer's sentence; one without a count is of one thing


def check(evidence: ObjectEvidence) -> Verdict:
    """A note if it is next to nothing, else a warning. `names` are the importer's sentences, each naming its file."""
    problems = evidence.annotations.problems
    if not problems:
        return Verdict("left_out", PASS, "the importer left nothing out")
    n = sum(int(said[1]) if (said := COUNTED.search(problem)) else 1 for problem in problems)
    what = f"{count(n, 'things')} left out for {count(len(problems), 'reasons')}; {problems[0]}"
    remedy = "look through the list: what is left out is learned as background"
    return Verdict("left_out", by_share(n, n + len(evidence.boxes)), what, remedy, list(problems))
