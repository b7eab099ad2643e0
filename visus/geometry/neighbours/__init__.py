"""The k nearest rows, exactly or nearly: `nearest(queries, examples, k)`, or `index(examples)` to ask more than once.

| how | what it is | metrics | answer |
|---|---|---|---|
| torch | distances in float32 or float64, CPU or GPU | l1, l2, cosine | exact |
| faiss | FAISS's flat index on the CPU; its L1 in blocks that stay in the cache | l1, l2, cosine | exact |
| certified | a bfloat16 product names candidates, an error bound proves none is missing | l2, cosine | exact |
| ivf | FAISS: looks only into the nearest cells of a k-means partition | l2, cosine | nearly, `recall` says how |
| hnsw | FAISS: walks a graph of neighbours | l1, l2, cosine | nearly, `recall` says how |

Exact ways give the same answer: in the end each computes the distances of the few rows that matter from the
differences themselves, and of rows that are equally near the one with the smaller index comes first.
"""

import importlib
from functools import cache
from time import perf_counter
from typing import Literal, Protocol, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from ..distances import directions
from .votes import Weighting, recall, shares, vote

__all__ = [
    "How",
    "Index",
    "Metric",
    "Weighting",
    "bfloat16_pays",
    "check",
    "index",
    "nearest",
    "recall",
    "shares",
    "vote",
]

Metric = Literal["l1", "l2", "cosine"]
How = Literal["auto", "torch", "faiss", "certified", "ivf", "hnsw"]
Pair = tuple[Tensor, Tensor]
FILES = {"torch": "in_torch", "faiss": "in_faiss"}  # a file called torch.py would hide the real one from its folder
NOT_L1 = ("certified", "ivf")  # the one is a product, the other's library does without
SMALL = 2_000_000  # numbers in the examples below which nothing is gained by preparing them
NATIVE = 1.5  # times faster than float32 that a bfloat16 product must be to be worth its second look
USUAL = 1e-15, 1e15  # largest features whose squares neither vanish nor overflow in float32
LARGEST = 1e150  # the same in float64


class Index(Protocol):
    """Examples that were made ready to be searched."""

    def nearest(self, queries: Tensor, k: int) -> Pair:
        """Rows (B, D) -> distances (B, k), ascending, and indices of the examples (B, k), int64."""
        ...


def nearest(queries: Tensor, examples: Tensor, k: int, metric: Metric = "l2", how: How = "auto") -> Pair:
    """The k nearest of the examples (N, D) for each query (B, D): distances (B, k), ascending, and indices (B, k).

    metric: l1 (sum of differences), l2 (root of the sum of squares) or cosine (one minus the cosine). how: see the
    table above; auto is exact, and what is fastest on this machine. Equal distances: the smaller index first. Whole
    numbers are searched as float32; float64 stays. Raises ValueError if k is not within 1..N, if a number is not
    finite, if the rows differ in length, if there are none, or if that metric cannot be searched that way.
    """
    return index(examples, metric, how).nearest(queries, k)


def index(examples: Tensor, metric: Metric = "l2", how: How = "auto") -> Index:
    """Examples (N, D), ready for several searches. Settings and errors are those of `nearest`."""
    check(metric, how=how)
    examples = _checked(examples, "examples")
    if not len(examples):
        raise ValueError("there are no examples to search among; give at least one row")
    way = _fastest(examples, metric) if how == "auto" else how
    if _is_unusual(examples):
        way, examples = "torch", examples.double()
    return _Checked(_built(examples, metric, way), examples, metric)


def _built(examples: Tensor, metric: str, way: str) -> Index:
    if metric == "cosine":
        return _Cosine(examples, way)
    found: Index = importlib.import_module(f"{__name__}.{FILES.get(way, way)}").build(examples, metric)
    return found


def check(metric: str, weighting: str = "majority", how: str = "auto") -> None:
    """Raise ValueError for a metric, a vote or a search that is not there, or for two that do not go together."""
    for what, given, known in (("metric", metric, Metric), ("vote", weighting, Weighting), ("search", how, How)):
        if given not in get_args(known):
            raise ValueError(f"{what} must be one of {', '.join(get_args(known))}; got '{given}'")
    if metric == "l1" and how in NOT_L1:
        raise ValueError(f"the {how} search knows l2 and cosine; for l1 take auto, torch, faiss or hnsw")


def _fastest(examples: Tensor, metric: str) -> str:
    """The exact way that measures fastest for such examples."""
    if examples.device.type != "cpu" or examples.dtype == torch.float64 or examples.numel() < SMALL:
        return "torch"
    return "certified" if metric != "l1" and bfloat16_pays() else "faiss"


@cache
def bfloat16_pays() -> bool:
    """Whether this processor multiplies matrices in bfloat16 clearly faster than in float32: measured once, in ms."""
    a, b = torch.ones(256, 1024), torch.ones(1024, 1024)
    with torch.autocast("cpu", enabled=False):  # or both would be measured in bfloat16
        return NATIVE * _seconds(a.bfloat16(), b.bfloat16()) < _seconds(a, b)


def _seconds(a: Tensor, b: Tensor) -> float:
    """The fastest of several products: what else runs on this machine can only make one slower."""
    found = []
    for _ in range(6):
        began = perf_counter()
        a @ b
        found.append(perf_counter() - began)
    return min(found)


class _Checked:
    """An index whose queries are looked at first, and which nobody's autocast or gradient tape reaches into."""

    def __init__(self, found: Index, examples: Tensor, metric: str) -> None:
        self.found, self.examples, self.metric = found, examples, metric

    @torch.no_grad()
    def nearest(self, queries: Tensor, k: int) -> Pair:
        n, width = self.examples.shape
        if not 1 <= k <= n:
            raise ValueError(f"k must be between 1 and the number of examples, {n}; got {k}")
        queries = _checked(queries, "queries")
        if queries.shape[1] != width:
            raise ValueError(f"queries have {queries.shape[1]} features, the examples {width}; both need the same ones")
        # An error bound holds for the arithmetic it was made for; autocast would put a coarser one in its place.
        with torch.autocast(self.examples.device.type, enabled=False):
            if _is_unusual(queries) and self.examples.dtype == torch.float32:
                return _built(self.examples.double(), self.metric, "torch").nearest(queries.double(), k)
            return self.found.nearest(queries.to(self.examples), k)


class _Cosine:
    """Cosine is L2 between directions: |a - b|**2 / 2 = 1 - a.b for vectors of length 1.

    A row of zeros has no direction and is as far as a right angle from all: it gets a direction of its own, in one more
    feature that no other row has.
    """

    def __init__(self, examples: Tensor, way: str) -> None:
        blank = (examples == 0).all(1, keepdim=True)
        rows = directions(examples)
        self.has_blank = bool(blank.any())
        self.found = _built(torch.cat([rows, blank.to(rows)], 1) if self.has_blank else rows, "l2", way)

    def nearest(self, queries: Tensor, k: int) -> Pair:
        rows = directions(queries)
        distances, indices = self.found.nearest(F.pad(rows, (0, 1)) if self.has_blank else rows, k)
        distances = distances.square() / 2
        blank = (queries == 0).all(1)
        distances[blank], indices[blank] = 1.0, torch.arange(k, device=queries.device)
        return distances, indices


def _checked(rows: Tensor, what: str) -> Tensor:
    """Rows (N, D) as contiguous float32 or float64, all of them finite."""
    if rows.ndim != 2:
        raise ValueError(f"{what} must be rows of numbers, (N, D); got {tuple(rows.shape)}; flatten pictures first")
    rows = rows.detach().to(torch.promote_types(rows.dtype, torch.float32)).contiguous()
    if not _largest(rows) < LARGEST:  # NaN fails this too
        row = int((~(rows.abs() < LARGEST)).any(1).nonzero()[0])
        raise ValueError(
            f"row {row} of the {what} holds NaN, an infinite or a vast number; mend it or leave the row out"
        )
    return rows


def _is_unusual(rows: Tensor) -> bool:
    """Whether squares of these numbers would vanish or overflow in float32."""
    largest = _largest(rows)
    return rows.dtype == torch.float32 and largest > 0 and not USUAL[0] < largest < USUAL[1]


def _largest(rows: Tensor) -> float:
    """The largest magnitude of all numbers, NaN if one is; 0 for none."""
    return max((abs(float(end)) for end in rows.aminmax()), key=lambda x: (x != x, x)) if rows.numel() else 0.0
