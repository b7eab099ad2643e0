"""Approximate: FAISS's graph of neighbours in layers, walked from the top (Malkov and Yashunin, 2018)."""

from torch import Tensor

from ._approximate import Approximate
from .in_faiss import check_cpu, library

NEIGHBOURS = 32  # kept for each example and layer
LOOKED_AT = 128  # candidates that a walk keeps


class Walked(Approximate):
    """effort: the nearest candidates that a walk keeps, at least as many as are asked for."""

    def spend(self, k: int) -> None:
        self.index.hnsw.efSearch = max(self.effort, k)


def build(examples: Tensor, metric: str) -> Walked:
    """An index for l1 or l2. With several threads the graph, and so what it misses, varies from build to build."""
    check_cpu(examples)
    faiss, rows = library(), examples.float().numpy()
    kind = faiss.METRIC_L1 if metric == "l1" else faiss.METRIC_L2
    index = faiss.IndexHNSWFlat(rows.shape[1], NEIGHBOURS, kind)
    index.add(rows)
    return Walked(index, examples, metric, LOOKED_AT)
