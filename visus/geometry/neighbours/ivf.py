"""Approximate: FAISS's inverted file, which looks only into the cells nearest to a query (Jegou et al., 2011)."""

from torch import Tensor

from ._approximate import Approximate
from .in_faiss import check_cpu, library

CELLS = 4.0  # times the root of N: the usual number of cells
FEWEST_A_CELL = 39  # examples that k-means wants for each cell; FAISS's own advice
VISITED = 1 / 16  # share of the cells a query looks into


class Cells(Approximate):
    """effort: the cells that a query looks into."""

    def spend(self, k: int) -> None:
        self.index.nprobe = self.effort


def build(examples: Tensor, metric: str) -> Cells:
    """An index for l2. The partition is k-means with FAISS's own fixed seed: the same every time."""
    check_cpu(examples)
    faiss, rows, n = library(), examples.float().numpy(), len(examples)
    cells = max(1, min(round(CELLS * n**0.5), n // FEWEST_A_CELL))
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(rows.shape[1]), rows.shape[1], cells, faiss.METRIC_L2)
    index.cp.min_points_per_centroid = 1  # one cell of few examples is no reason for a warning
    index.train(rows)
    index.add(rows)
    return Cells(index, examples, metric, max(1, round(VISITED * cells)))
