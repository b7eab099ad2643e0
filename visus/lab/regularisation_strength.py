"""How strong should L2 be?"""

from typing import Annotated

import torch

from ..data import toys
from ..recipes._form import About, Limits
from ..report.figures.regions import READING, compared
from ._exhibit import Exhibit, Table
from ._plane import Learnt, Toy, fresh, learn, mislabelled

STRENGTHS = (0.0, 0.001, 0.01, 0.1)
QUICK = {"steps": 20}


def run(
    data: Annotated[Toy, About("which points")] = "ring",
    points: Annotated[int, Limits(10, 100_000), About("how many to learn from")] = 100,
    wrong: Annotated[float, Limits(0.0, 0.5), About("share of them with a wrong label")] = 0.15,
    hidden: Annotated[int, Limits(1, 10_000), About("units of the hidden layer")] = 20,
    steps: Annotated[int, Limits(1, 1_000_000), About("steps of Adam, on all points each")] = 1000,
    seed: Annotated[int, Limits(0), About("of points, mistakes and weights")] = 0,
) -> Exhibit:
    places, truth = toys.make(data, points, seed)
    labels, new = mislabelled(truth, wrong, seed), fresh(data, seed)
    networks = {
        strength: learn(
            places, labels, hidden=hidden, weight_decay=strength, lr=0.03, steps=steps, optimizer="adam", seed=seed
        )
        for strength in STRENGTHS
    }
    learned = {strength: found.accuracy(places, labels) for strength, found in networks.items()}
    on_new = {strength: found.accuracy(*new) for strength, found in networks.items()}
    lengths = {strength: _length(found) for strength, found in networks.items()}
    findings = [
        f"λ = {s:g}: {learned[s]:.0%} of the points learned from, {on_new[s]:.1%} of fresh ones; the weights are "
        f"{lengths[s]:.2g} long."
        for s in STRENGTHS
    ]
    best = max(STRENGTHS, key=lambda s: on_new[s])
    findings.append(
        f"Fresh points are best served by λ = {best:g}; from no penalty to λ = {STRENGTHS[-1]:g} the weights shrink "
        f"from {lengths[0]:.2g} to {lengths[STRENGTHS[-1]]:.2g}."
    )
    rows = [[f"{s:g}", f"{learned[s]:.1%}", f"{on_new[s]:.1%}", f"{lengths[s]:.3g}"] for s in STRENGTHS]
    panels = {f"λ = {strength:g}": found.predict for strength, found in networks.items()}
    reading = f"{READING} The stronger the penalty, the smoother the border."
    return Exhibit(
        "The strength of L2",
        findings,
        [compared(panels, places, labels, f"{hidden} hidden units", reading)],
        tables=[Table("Measured", ["λ", "learned from", "fresh", "‖W‖"], rows)],
        data={
            "train_accuracy": {str(s): learned[s] for s in STRENGTHS},
            "fresh_accuracy": {str(s): on_new[s] for s in STRENGTHS},
            "weights": {str(s): lengths[s] for s in STRENGTHS},
        },
    )


def _length(found: Learnt) -> float:
    return float(torch.nn.utils.get_total_norm([p.detach() for p in found.network.parameters() if p.ndim > 1]))
