"""Did the importer leave anything out?"""

from ..audit._evidence import PASS, Verdict
from ..audit._phrases import by_share, count
from ._evidence import MapEvidence


def check(evidence: MapEvidence) -> Verdict:
    """A note if it is next to nothing, else a warning. `names` are the importer's sentences, each naming its file."""
    problems = evidence.found.problems
    if not problems:
        return Verdict("left_out", PASS, "the importer left nothing out")
    n = len(problems)
    what = f"something was left out, for {count(n, 'reasons')}; {problems[0]}"
    remedy = "look through the list: are these meant to be missing?"
    return Verdict("left_out", by_share(n, n + len(evidence.found)), what, remedy, list(problems))
