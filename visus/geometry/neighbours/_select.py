"""From candidate pairs (query, example) to the k nearest; of equally near ones those with the smaller index."""

import torch
from torch import Tensor

REFINED_AT_ONCE = 2**20  # differences that are held at once: they stay in the cache


def differences(queries: Tensor, examples: Tensor, rows: Tensor, columns: Tensor, p: int = 2) -> Tensor:
    """The Lp length of queries[row] - examples[column] for P pairs: (P,)."""
    at_once = max(1, REFINED_AT_ONCE // max(1, examples.shape[1]))
    pairs = zip(rows.split(at_once), columns.split(at_once), strict=True)
    return torch.cat([(queries[row] - examples[column]).norm(p, dim=1) for row, column in pairs])


def first_k(rows: Tensor, columns: Tensor, distances: Tensor, k: int, n_queries: int) -> tuple[Tensor, Tensor]:
    """Of P pairs the k nearest of each query: distances and columns, (B, k) each, ascending.

    rows, columns: (P,) query and example of each pair, sorted by row, then column; every query has at least k pairs.
    distances: (P,).
    """
    by_distance = distances.argsort(stable=True)  # stable: equal distances stay in the order of their columns
    order = by_distance[rows[by_distance].argsort(stable=True)]
    ends = rows.bincount(minlength=n_queries).cumsum(0)
    begins = torch.cat([ends.new_zeros(1), ends])[:n_queries]
    kept = order[begins[:, None] + torch.arange(k, device=rows.device)]
    return distances[kept], columns[kept]


def first_k_of_sums(queries: Tensor, examples: Tensor, distances: Tensor, k: int, p: int = 1) -> tuple[Tensor, Tensor]:
    """The k nearest where all distances (B, N) are known but for the rounding of their sums, which is then undone."""
    # A sum of D positive numbers errs by less than D units in its last place, in whatever order it is taken.
    rounding = 2 * examples.shape[1] * torch.finfo(distances.dtype).eps
    enough = distances.topk(k, largest=False).values[:, -1:] * (1 + rounding)
    rows, columns = (distances * (1 - rounding) <= enough).nonzero(as_tuple=True)
    return first_k(rows, columns, differences(queries, examples, rows, columns, p), k, len(queries))
