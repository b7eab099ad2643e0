"""Did the importer leave anything out?"""

from ._evidence import NOTE, PASS, Evidence, Verdict
from ._phrases import count


def check(evidence: Evidence) -> Verdict:
    """A note with the first entry that was left out. `names` are the importer's sentences, each naming its file."""
    problems = evidence.collection.problems
    if not problems:
        return Verdict("left_out", PASS, "the importer left no entry out")
    what = f"the importer left out {count(len(problems), 'entries') if len(problems) > 1 else '1 entry'}; {problems[0]}"
    return Verdict("left_out", NOTE, what, "look through the list: are these entries meant to be missing?", problems)
