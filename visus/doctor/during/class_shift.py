"""Are objects found in their places, and called by the name of the class beside theirs?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "what was found at an evaluation, compared once more with what is marked"

PLACED, OBJECTS = 0.3, 20  # share of the objects in whose place something is found, and objects: else too early
NAMED, SHIFTED = 0.3, 0.6  # few are called by their name, and most would be if all classes moved by one
FEWEST = 2  # classes called by the next one: a network that says one and the same of everything has one


def look(chart: Chart) -> list[Finding]:
    seen = [e for e in chart.evaluations if e.get("found_placed") is not None]
    if not seen or seen[-1]["found_objects"] < OBJECTS or seen[-1]["found_placed"] < PLACED:
        return []
    late = seen[-3:]
    named, shifted = (
        readings.middle([e[name] for e in late if e.get(name) is not None]) for name in ("found_named", "found_shifted")
    )
    placed, shift = seen[-1]["found_placed"], int(seen[-1].get("found_shift") or 0)
    what = f"{placed:.0%} of the objects are found in their places, {named:.0%} of these by their name"
    if named >= NAMED or shifted < SHIFTED or seen[-1].get("found_classes", 0) < FEWEST:
        return [Finding(PASS, what)]
    more = "more" if shift > 0 else "less"
    return [
        Finding(
            NOTE,
            f"{what}; {shifted:.0%} are called by a class that is one {more}",
            f"by their name at least {NAMED:.0%}",
            "classes are counted from 0 at one place and from 1 at another: 0 may be the background, or COCO's ids "
            "were taken as they are",
            f"{'subtract 1 from' if shift > 0 else 'add 1 to'} the classes that the detector answers, or change the "
            "list it was trained with",
            kind="classes_shifted",
            where="classes",
            weight=0.9,
            defect=True,
        )
    ]
