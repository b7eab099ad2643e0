"""k-nearest neighbours on rows."""

import torch

from ..geometry import neighbours
from ..geometry.neighbours.votes import shares
from ._rows import Floats, Ints, RowClassifier, at_least


class NearestNeighbours(RowClassifier):
    """The k nearest examples vote; a tie goes to the smaller label.

    metric: l1, l2 or cosine. vote: majority, or distance (a vote counts 1 / distance). search: auto (exact, and the
    fastest measured here), torch, faiss, certified, or the approximate ivf and hnsw. standardise: off, because
    distances are meant in the units that are given; switch it on where features have different ones. `predict_proba`
    is the share of the votes. `fit` refuses a k larger than the number of examples.
    """

    def __init__(
        self,
        k: int = 5,
        metric: str = "l2",
        vote: str = "majority",
        search: str = "auto",
        standardise: bool = False,
    ) -> None:
        self.k = k
        self.metric = metric
        self.vote = vote
        self.search = search
        self.standardise = standardise

    def _learn(self, rows: Floats, labels: Ints) -> None:
        at_least(1, k=self.k)
        if self.k > len(rows):
            raise ValueError(f"k={self.k} neighbours are asked for, but there are {len(rows)} examples; lower k")
        self.examples_, self.labels_ = rows.copy(), labels  # what the caller does to the array later is not learned
        self._score(rows[:1])  # a metric, vote or search that does not exist is refused now, not at the first question

    def _score(self, rows: Floats) -> Floats:
        distances, indices = neighbours.nearest(
            torch.tensor(rows),
            torch.from_numpy(self.examples_),
            self.k,
            self.metric,  # type: ignore[arg-type]
            self.search,  # type: ignore[arg-type]
        )
        votes = shares(torch.from_numpy(self.labels_)[indices], distances, len(self.classes_), self.vote)  # type: ignore[arg-type]
        return votes.double().numpy()

    def _shares(self, scores: Floats) -> Floats:
        return scores
