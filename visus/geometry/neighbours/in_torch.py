"""Exact nearest neighbours in torch: any device, float32 or float64."""

import torch
from torch import Tensor

from ..distances import l1_distances
from ._filtered import Filtered
from ._select import first_k_of_sums

AT_ONCE = 2**24  # distances that are held at once


def build(examples: Tensor, metric: str) -> "Filtered | Manhattan":
    return Manhattan(examples) if metric == "l1" else Filtered(examples, examples.dtype)


class Manhattan:
    """All L1 distances, in blocks of queries."""

    def __init__(self, examples: Tensor) -> None:
        self.examples = examples

    def nearest(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        blocks = queries.split(max(1, AT_ONCE // len(self.examples)))
        found = [first_k_of_sums(some, self.examples, l1_distances(some, self.examples), k) for some in blocks]
        return torch.cat([d for d, _ in found]), torch.cat([i for _, i in found])
