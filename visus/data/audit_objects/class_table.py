"""Does the table of class names fit the numbers that are used?"""

import re

import numpy as np

from ..audit._evidence import BLOCKER, NOTE, PASS, WARNING, Verdict
from ..audit._phrases import count, listed
from ._evidence import ObjectEvidence

BACKGROUND = re.compile(r"_?_?(background|void|none|no[ _-]?object)_?_?", re.IGNORECASE)
NUMBER = re.compile(r"(class|category|label|cls|id)?[ _-]?\d+", re.IGNORECASE)
UNKNOWN = re.compile(r"of a (class|category) that is not")  # in an importer's sentence


def check(evidence: ObjectEvidence) -> Verdict:
    """Blocks numbers outside the table, warns of a shifted table, of background as a class and of repeated names."""
    names, labels = list(evidence.annotations.classes), evidence.labels
    wrong = np.flatnonzero((labels < 0) | (labels >= len(names)))
    if len(wrong):
        what = f"{count(len(wrong), 'boxes')} have a class outside 0..{len(names) - 1}, such as {labels[wrong[0]]}"
        remedy = "do the numbers begin at 1? Subtract 1, or give the whole table of names"
        return Verdict("class_table", BLOCKER, what, remedy, evidence.named(wrong))
    used = np.bincount(labels, minlength=len(names))
    unknown = [said for said in evidence.annotations.problems if UNKNOWN.search(said)]
    if names and len(names) > 1 and not used[0] and used[1:].all():
        what = f"{names[0]}, the first of {len(names)} classes, is never used, and all others are"
        if unknown:
            remedy = "the numbers begin at 1 and the table at 0: subtract 1 from the numbers"
            return Verdict("class_table", WARNING, f"{what}; {unknown[0]}", remedy, unknown)
        return Verdict(
            "class_table", NOTE, what, "do the numbers begin at 1, and the table at 0? Look at some pictures"
        )
    if background := [name for name in names if BACKGROUND.fullmatch(name.strip())]:
        what = f"'{background[0]}' is a class with {count(int(used[names.index(background[0])]), 'boxes')}"
        remedy = "remove it and move the others down by one: background is what no box marks"
        return Verdict("class_table", WARNING, what, remedy, background)
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        what = f"{count(len(repeated), 'names')} stand for more than one class ({listed(repeated)})"
        return Verdict("class_table", WARNING, what, "give every class a name of its own, or join them", repeated)
    if names and all(NUMBER.fullmatch(name.strip()) for name in names):
        what = f"the classes are called {listed(names)}"
        return Verdict(
            "class_table", NOTE, what, "give the table of names, if there is one, so that answers can be read"
        )
    return Verdict("class_table", PASS, f"{count(len(names), 'classes')}: {listed(names)}")
