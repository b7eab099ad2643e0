"""Where does a linear classifier fail?"""

from typing import Annotated

from ..data import toys
from ..recipes._form import About, Limits
from ..report.figures.regions import READING, compared
from ._exhibit import Exhibit, Table
from ._plane import fresh, learn

SETS = {
    "blobs": "one cloud a class",
    "parity": "class 1 where the signs of x and y differ",
    "ring": "a disc, and a ring around it",
    "multimodal": "class 1 is in three places",
}
QUICK = {"n": 60, "steps": 30}


def run(
    n: Annotated[int, Limits(20, 5000), About("points a set")] = 300,
    hidden: Annotated[int, Limits(1, 1000), About("hidden units of the small net")] = 30,
    steps: Annotated[int, Limits(1), About("steps of descent on all points")] = 1000,
    seed: Annotated[int, Limits(0), About("of points and first weights")] = 0,
) -> Exhibit:
    found, charts, rows = {}, [], []
    for name, what in SETS.items():
        points, labels = toys.make(name, n, seed)
        line = learn(points, labels, layers=1, steps=steps, seed=seed)
        net = learn(points, labels, hidden=hidden, steps=steps, seed=seed)
        unseen = fresh(name, seed)
        found[name] = {"linear": line.accuracy(*unseen), "net": net.accuracy(*unseen)}
        straight, bent = found[name]["linear"], found[name]["net"]
        rows.append([name, what, f"{straight:.1%}", f"{bent:.1%}"])
        both = {f"linear: {straight:.0%}": line.predict, f"net: {bent:.0%}": net.predict}
        charts.append(compared(both, points, labels, f"{name.capitalize()}: {what}", READING))
    findings = [
        f"{name.capitalize()}: a linear classifier gets {score['linear']:.1%} of fresh points right, "
        f"a net with {hidden} hidden units {score['net']:.1%}."
        for name, score in found.items()
    ]
    worst = min(found, key=lambda name: found[name]["linear"] - found[name]["net"])
    findings.append(
        f"The gap is widest for {worst}. Between two classes a linear classifier has one straight border, wherever it "
        "puts that; more training does not move a limit of the model."
    )
    table = Table("Right on fresh points", ["set", "what it is", "linear", "net"], rows)
    return Exhibit("Hyperplanes, and what they cannot part", findings, charts, tables=[table], data={"accuracy": found})
