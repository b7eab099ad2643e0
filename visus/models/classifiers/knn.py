"""k-nearest neighbours: keep every picture, let the closest ones vote."""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ...geometry import neighbours

TAKES_ROWS = True  # a row of numbers will do: nothing is asked of its neighbours in a picture
DESCENDS = False  # settings of a descent, such as a learning rate, have no meaning here
UNSEEN = 0.01  # votes lent to every class, so that the logarithm stays finite


class NearestNeighbours(nn.Module):
    """Float images (B, C, H, W) -> log of each class's share of the k nearest examples' votes (B, K).

    The logarithm makes these scores like any other classifier's: their softmax is the share. A tie goes to the
    smaller label. Learning is `remember`: there is nothing to descend. Where fewer than k examples are remembered all
    of them vote; who wants that refused asks before, as the estimators do.
    """

    examples: Tensor
    labels: Tensor

    def __init__(
        self,
        n_classes: int,
        k: int = 5,
        metric: neighbours.Metric = "l2",
        vote: neighbours.Weighting = "majority",
        search: neighbours.How = "auto",
    ) -> None:
        super().__init__()
        if k < 1:
            raise ValueError(f"k must be at least 1; got {k}")
        neighbours.check(metric, vote, search)
        self.n_classes, self.k, self.metric, self.vote, self.search = n_classes, k, metric, vote, search
        self.register_buffer("examples", torch.empty(0))
        self.register_buffer("labels", torch.empty(0, dtype=torch.long))
        self._fresh: list[tuple[Tensor, Tensor]] = []  # remembered, and not yet part of `examples` and `labels`
        self._index: neighbours.Index | None = None

    def remember(self, images: Tensor, labels: Tensor) -> None:
        """Keep these examples too. It costs nothing: what there is to do is done when somebody asks."""
        self._fresh.append((images.flatten(1), labels))

    def neighbours(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Classes of the k nearest examples of each image and their distances, nearest first: (B, k) each."""
        self._take_in()
        if self._index is None:
            self._index = neighbours.index(self.examples, self.metric, self.search)
        distances, indices = self._index.nearest(images.flatten(1), min(self.k, len(self.labels)))
        return self.labels[indices], distances

    def decide(self, labels: Tensor, distances: Tensor) -> Tensor:
        """The class that neighbours (B, k), as `neighbours` returns them, vote for: (B,)."""
        return neighbours.vote(labels, distances, self.n_classes, self.vote)

    def forward(self, images: Tensor) -> Tensor:
        self._take_in()
        if not len(self.labels):
            return images.new_zeros(len(images), self.n_classes)  # nothing remembered: every class as likely
        labels, distances = self.neighbours(images)
        votes = labels.shape[1] * neighbours.shares(labels, distances, self.n_classes, self.vote).to(images.dtype)
        return ((votes + UNSEEN) / (labels.shape[1] + self.n_classes * UNSEEN)).log()

    def _take_in(self) -> None:
        """Join what was remembered since to the examples: once, however many pieces it came in."""
        if not self._fresh:
            return
        rows, labels = (torch.cat(pieces) for pieces in zip(*self._fresh, strict=True))
        self.examples = torch.cat([self.examples.reshape(-1, rows.shape[1]).to(rows), rows])
        self.labels = torch.cat([self.labels.to(labels), labels])
        self._fresh, self._index = [], None

    # ---- what torch and copies see is complete, and an index is never carried along: it is made anew

    def _apply(self, change: Callable[[Tensor], Tensor], recurse: bool = True) -> "NearestNeighbours":
        self._take_in()
        self._index = None
        return super()._apply(change, recurse)  # type: ignore[no-untyped-call]

    def _save_to_state_dict(self, *arguments: Any) -> None:
        self._take_in()
        super()._save_to_state_dict(*arguments)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *rest: object) -> None:
        self._fresh, self._index = [], None
        for name in ("examples", "labels"):  # their length is only known to the one who saved them
            if prefix + name in state_dict:
                setattr(self, name, torch.empty_like(state_dict[prefix + name]))
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def __getstate__(self) -> dict[str, Any]:
        self._take_in()
        return {**self.__dict__, "_index": None}


def build(
    image: tuple[int, int, int],
    n_classes: int,
    k: int = 5,
    metric: Literal["l1", "l2", "cosine"] = "l2",
    vote: Literal["majority", "distance"] = "majority",
    search: Literal["auto", "torch", "faiss", "certified", "ivf", "hnsw"] = "auto",
) -> nn.Module:
    """k: neighbours that vote. metric: l1 depends on the axes, l2 and cosine do not. vote: one each, or 1 / distance.

    search: auto is exact and what is fastest here; ivf and hnsw are approximate, for sets beyond exact search.
    """
    return NearestNeighbours(n_classes, k, metric, vote, search)
