"""Exact nearest neighbours with FAISS's flat index, on the CPU (Johnson et al., 2017)."""

from typing import Any

import torch
from torch import Tensor

from ._select import differences, first_k, first_k_of_sums
from ._threads import in_threads
from .in_torch import Manhattan

MORE = 8  # neighbours FAISS is asked for beyond k, so that its rounding can be looked through
WIDER = 4  # times as many where that was not enough
BLOCK = 32  # examples compared at once in L1: with 3,072 features they stay in the second-level cache
AT_ONCE = 2**24  # L1 distances that are held at once


def build(examples: Tensor, metric: str) -> "Flat | Blocks | Manhattan":
    check_cpu(examples)
    if metric == "l2":
        return Flat(examples)
    return Manhattan(examples) if examples.dtype == torch.float64 else Blocks(examples)  # FAISS knows float32 only


def check_cpu(examples: Tensor) -> None:
    if examples.device.type != "cpu":
        raise ValueError(f"FAISS searches on the CPU, the examples are on {examples.device}; take the torch search")


def library() -> Any:
    """FAISS, imported when first needed, with as many threads as torch has."""
    import faiss

    faiss.omp_set_num_threads(torch.get_num_threads())
    return faiss


class Flat:
    """FAISS names more than k candidates by its own distances; those are refined, and widened until k are certain."""

    def __init__(self, examples: Tensor) -> None:
        self.examples = examples
        self.longest = float(self.examples.norm(dim=1).max()) if len(examples) else 0.0
        self.index = library().IndexFlatL2(examples.shape[1])
        self.index.add(self.examples.float().numpy())

    def nearest(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        distances, indices = queries.new_empty(len(queries), k), torch.empty(len(queries), k, dtype=torch.long)
        open_ones, asked = torch.arange(len(queries)), min(len(self.examples), k + MORE)
        while len(open_ones):
            some = queries[open_ones]
            distances[open_ones], indices[open_ones], certain = self._ask(some, k, asked)
            open_ones, asked = open_ones[~certain], min(len(self.examples), WIDER * asked)
        return distances, indices

    def _ask(self, queries: Tensor, k: int, asked: int) -> tuple[Tensor, Tensor, Tensor]:
        """Distances and indices (B, k) out of `asked` candidates, and whether no other example can be as near (B,)."""
        library()  # the number of threads may have changed
        squares, columns = (torch.from_numpy(found) for found in self.index.search(queries.float().numpy(), asked))
        columns = columns.sort(1).values.flatten()  # FAISS's order of equals is its own; ours is by index
        rows = torch.arange(len(queries)).repeat_interleave(asked)
        refined = differences(queries, self.examples, rows, columns)
        distances, indices = first_k(rows, columns, refined, k, len(queries))
        if asked == len(self.examples):
            return distances, indices, torch.ones(len(queries), dtype=torch.bool)
        # |q|**2 - 2 q.x + |x|**2 in float32 errs by at most D half eps of (|q| + |x|)**2, and terms of second order
        error = 2 * (queries.shape[1] + 4) * torch.finfo(torch.float32).eps * (queries.norm(dim=1) + self.longest) ** 2
        return distances, indices, squares[:, -1] - error > distances[:, -1].square() + error


class Blocks:
    """L1: every query against a few examples at a time, so that these are read from memory once for all queries.

    FAISS alone reads all examples anew for every query, and then waits for memory rather than computes.
    """

    def __init__(self, examples: Tensor) -> None:
        self.examples = examples

    def nearest(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        found = [self._nearest(some, k) for some in queries.split(max(1, AT_ONCE // len(self.examples)))]
        return torch.cat([d for d, _ in found]), torch.cat([i for _, i in found])

    def _nearest(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        faiss, asked = library(), queries.float().numpy()
        distances = torch.empty(len(queries), len(self.examples))

        def compare(first: int) -> None:
            faiss.omp_set_num_threads(1)  # of this thread
            some = self.examples[first : first + BLOCK].numpy()
            found = faiss.pairwise_distances(asked, some, faiss.METRIC_L1)
            distances[:, first : first + BLOCK] = torch.from_numpy(found)

        in_threads(compare, range(0, len(self.examples), BLOCK))
        return first_k_of_sums(queries, self.examples, distances, k)
