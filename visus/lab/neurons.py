"""How many hidden units are enough, and how many are too many?"""

from typing import Annotated

from ..data import toys
from ..recipes._form import About, Limits
from ..report.figures.regions import READING, compared
from ._exhibit import Exhibit, Table
from ._plane import Learnt, Toy, fresh, learn, mislabelled

SIZES = (3, 6, 20)
CURE = 0.001  # lambda
QUICK = {"steps": 20}


def run(
    data: Annotated[Toy, About("which points")] = "ring",
    points: Annotated[int, Limits(10, 100_000), About("how many to learn from")] = 100,
    wrong: Annotated[
        float, Limits(0.0, 0.5), About("share of them with a wrong label: what is not worth learning")
    ] = 0.15,
    steps: Annotated[int, Limits(1, 1_000_000), About("steps of Adam, on all points each")] = 1000,
    seed: Annotated[int, Limits(0), About("of points, mistakes and weights")] = 0,
) -> Exhibit:
    places, truth = toys.make(data, points, seed)
    labels = mislabelled(truth, wrong, seed)
    new = fresh(data, seed)

    def network(hidden: int, weight_decay: float = 0.0) -> Learnt:
        return learn(
            places, labels, hidden=hidden, weight_decay=weight_decay, lr=0.03, steps=steps, optimizer="adam", seed=seed
        )

    networks = {f"{n} units": network(n) for n in SIZES}
    networks[f"{SIZES[-1]} units, λ = {CURE:g}"] = network(SIZES[-1], CURE)
    learned = {name: found.accuracy(places, labels) for name, found in networks.items()}
    on_new = {name: found.accuracy(*new) for name, found in networks.items()}
    small, middle, large, cured = networks
    findings = [
        f"{name}: {learned[name]:.0%} of the points learned from, {on_new[name]:.1%} of fresh, rightly labelled ones."
        for name in networks
    ]
    findings.append(
        f"From {small} to {large} the share of learned points that are right went from {learned[small]:.0%} to "
        f"{learned[large]:.0%}, though {wrong:.0%} of them are labelled wrongly; of fresh points from "
        f"{on_new[small]:.1%} over {on_new[middle]:.1%} to {on_new[large]:.1%}."
    )
    best = max(SIZES, key=lambda n: on_new[f"{n} units"])
    gain = on_new[cured] - on_new[f"{best} units"]
    findings.append(
        f"With L2 the largest network is {100 * gain:.1f} points better on fresh points than the best size without "
        f"({best} units): keep the units and regularise."
        if gain > 0
        else f"With L2 the largest network stays {-100 * gain:.1f} points behind the best size without ({best} units): "
        "try another lambda."
    )
    rows = [[name, f"{learned[name]:.1%}", f"{on_new[name]:.1%}"] for name in networks]
    return Exhibit(
        "Few units and many",
        findings,
        [compared({name: found.predict for name, found in networks.items()}, places, labels, "What they say", READING)],
        tables=[Table("Right answers", ["network", "learned from", "fresh"], rows)],
        data={"train_accuracy": learned, "fresh_accuracy": on_new},
    )
