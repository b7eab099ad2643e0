"""What FAISS's approximate indexes share: their answers are measured anew, sorted, and made complete."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from ._select import differences, first_k
from .in_faiss import library
from .in_torch import build as build_exact


class Approximate(ABC):
    """Nearly the nearest. index: a trained FAISS index that holds the examples (N, D).

    effort: what a query looks at, more of it being slower and nearer to the truth. It may be changed between searches.
    """

    def __init__(self, index: Any, examples: Tensor, metric: str, effort: int) -> None:
        self.index, self.examples, self.metric, self.effort = index, examples, metric, effort

    @abstractmethod
    def spend(self, k: int) -> None:
        """Tell the index how much effort a query for k neighbours may take."""

    def nearest(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        self.spend(k)
        library()  # the number of threads may have changed
        columns = torch.from_numpy(self.index.search(queries.float().numpy(), k)[1]).sort(1).values
        rows = torch.arange(len(queries)).repeat_interleave(k)
        measured = differences(queries, self.examples, rows, columns.flatten(), p=1 if self.metric == "l1" else 2)
        distances, indices = first_k(rows, columns.flatten(), measured, k, len(queries))
        few = columns[:, 0] < 0  # FAISS says -1 where it came across fewer than k
        if few.any():
            distances[few], indices[few] = build_exact(self.examples, self.metric).nearest(queries[few], k)
        return distances, indices
