"""Nearest neighbours, preprocessing and scores."""

import torch

from visus.features import pca
from visus.geometry import distances
from visus.geometry.neighbours.votes import vote
from visus.metrics.counts import Counts

from ._given import Answer, Given, fact


@fact("l1_distance_4x4")
def _l1_distance(g: Given) -> Answer:
    a, b = (g[name].double().reshape(1, -1) for name in ("a", "b"))
    return {"l1": distances.l1_distances(a, b).squeeze()}


@fact("l2_distance_no_loops")
def _l2_distance(g: Given) -> Answer:
    return {"d": distances.l2_distances(g["A"], g["B"])}


@fact("knn_triangle_square")
def _triangle_square(g: Given) -> Answer:
    shapes = ["triangle", "square"]

    def says(nearest: list[str], shape: str) -> float:
        labels = torch.tensor([[shapes.index(name) for name in nearest]])
        return float(shapes[int(vote(labels, torch.ones(labels.shape), 2))] == shape)

    return {
        "k3_is_triangle": says(g.params["nearest_3"], "triangle"),
        "k5_is_square": says(g.params["nearest_5"], "square"),
    }


@fact("pca_whitening")
def _whitening(g: Given) -> Answer:
    components = pca.principal(g["X"])
    turned = pca.project(g["X"], components)
    white = pca.whiten(turned, components, float(g.param("eps", default=1e-5)))
    return {
        "S": components.variances,
        "cov_rot_diag": turned.var(0, correction=0),
        "white_var": white.var(0, correction=0),
    }


@fact("metrics_confusion")
def _confusion(g: Given) -> Answer:
    counts = Counts(*(g.params[name] for name in ("TP", "FP", "FN", "TN")))
    return {name: getattr(counts, name) for name in ("accuracy", "precision", "recall", "f1")}
