"""What do the regions of the nearest neighbours look like, for more neighbours and another distance?"""

from typing import Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ..data import toys
from ..geometry.neighbours import Metric, nearest, vote
from ..recipes._form import About, Limits
from ..report.exhibit import Exhibit, Table
from ..report.figures.regions import Predict, compared

KS = (1, 3, 5, 15)
METRICS: tuple[Metric, ...] = ("l1", "l2")
FRESH = 2000  # points of the same kind that none of the examples is among
READING = "The tint is the class that the nearest examples vote for there; a mark is an example in its given class."

Points = NDArray[np.float32]
Labels = NDArray[np.int64]


def classifier(points: Points, labels: Labels, k: int, metric: Metric) -> Predict:
    """The vote of the k nearest of these points, as a function of the plane: (N, 2) -> (N,)."""
    examples, classes = torch.from_numpy(points), torch.from_numpy(labels)

    def predict(places: Points) -> Labels:
        distances, rows = nearest(torch.from_numpy(places), examples, k, metric)
        said: Labels = vote(classes[rows], distances, int(labels.max()) + 1).numpy()
        return said

    return predict


def disturbed(labels: Labels, share: float, seed: int) -> Labels:
    """The labels, a share of them drawn anew from all classes."""
    random, found = np.random.default_rng(seed), labels.copy()
    wrong = random.permutation(len(labels))[: round(share * len(labels))]
    found[wrong] = random.integers(0, labels.max() + 1, len(wrong))
    return found


def run(
    points: Annotated[Literal["blobs", "moons", "multimodal", "parity", "ring", "spiral"], About("set")] = "blobs",
    n: Annotated[int, Limits(10, 2000), About("examples that are remembered")] = 150,
    noise: Annotated[float, Limits(0.0, 1.0), About("share of labels drawn at random")] = 0.1,
    seed: Annotated[int, Limits(0), About("of the points")] = 0,
) -> Exhibit:
    where, true = toys.make(points, n, seed)
    labels = disturbed(true, noise, seed)
    fresh, fresh_labels = toys.make(points, FRESH, seed + 1)
    by_k = {f"k = {k}": classifier(where, labels, k, "l2") for k in KS}
    by_metric = {metric.upper(): classifier(where, labels, 1, metric) for metric in METRICS}
    measured = {name: _right(predict, where, labels, fresh, fresh_labels) for name, predict in by_k.items()}
    differ = _share(by_metric["L1"](fresh) != by_metric["L2"](fresh))
    turned = {metric.upper(): _changed_by_turning(where, labels, fresh, metric) for metric in METRICS}
    own, new = zip(*measured.values(), strict=True)
    findings = [
        (
            f"With k = 1 every example is its own nearest: {100 * own[0]:.0f} % of them are right, each wrong label "
            f"has an island of its own, and on fresh points {100 * new[0]:.1f} % are right."
        ),
        (
            f"With k = {KS[-1]} single examples are outvoted and borders smoother: {100 * own[-1]:.0f} % of the "
            f"examples are right and {100 * new[-1]:.1f} % of fresh points."
        ),
        (
            f"L1 and L2 answer differently at {100 * differ:.1f} % of the fresh points. Borders of L1 run along the "
            "axes and their diagonals."
        ),
        (
            f"Turning the axes by 45 degrees changes {100 * turned['L1']:.1f} % of the answers of L1 and "
            f"{100 * turned['L2']:.1f} % of those of L2: L1 depends on the choice of axes."
        ),
    ]
    rows = [[name, f"{100 * a:.1f}", f"{100 * b:.1f}"] for name, (a, b) in measured.items()]
    charts = [
        compared(by_k, where, labels, "More and more neighbours", READING),
        compared(by_metric, where, labels, "L1 and L2, one neighbour", READING),
    ]
    tables = [Table("Right, in per cent", ["neighbours", "examples themselves", "fresh points"], rows)]
    data = {"right": measured, "l1_differs_from_l2": differ, "changed_by_turning": turned}
    return Exhibit("Regions of the nearest neighbours", findings, charts, tables=tables, data=data)


def _right(
    predict: Predict, points: Points, labels: Labels, fresh: Points, fresh_labels: Labels
) -> tuple[float, float]:
    found = [_share(predict(x) == y) for x, y in ((points, labels), (fresh, fresh_labels))]
    return found[0], found[1]


def _changed_by_turning(points: Points, labels: Labels, fresh: Points, metric: Metric) -> float:
    """The share of fresh points whose answer changes when all points are turned together."""
    half = np.sqrt(0.5, dtype=np.float32)
    turn = np.array([[half, -half], [half, half]], dtype=np.float32)
    straight, turned = classifier(points, labels, 1, metric), classifier(points @ turn, labels, 1, metric)
    return _share(straight(fresh) != turned(fresh @ turn))


def _share(said: Any) -> float:
    return float(np.mean(said))
