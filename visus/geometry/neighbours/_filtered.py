"""Filter and refine: a fast product names the candidates, an error bound proves that none is missing.

Half the squared distance of a query q to an example x, less what only depends on q, is |x|**2 / 2 - q.x. With a product
that errs by at most e(q, x) this is known up to e. The k-th smallest upper end of these intervals is a distance that k
examples certainly stay below; an example whose lower end lies above it cannot be among the k nearest. All others are
candidates, and their distances are computed from the differences q - x themselves.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ._select import differences, first_k
from ._threads import Found, Item, in_threads

AT_ONCE = 2**24  # numbers of the product (B, N) that are held at once
MOST_QUERIES = 512
GROUP = 64  # most examples of which at first only the nearest is looked at
CHUNK = 64  # examples made ready at once: they stay in the cache from one step to the next
PIECE = 64 * CHUNK  # examples that one thread makes ready
WORTH_SHARING = 2**28  # products; fewer are done before another thread has begun
SOME = 1000  # examples that are looked at for whole numbers; a wrong guess costs a little time, never an answer


class Filtered:
    """Exact nearest neighbours in L2 from products in `rounding`, refined in the examples' own format.

    examples: (N, D), float32 or float64, finite.
    """

    def __init__(self, examples: Tensor, rounding: torch.dtype) -> None:
        self.examples, self.rounding = examples, rounding
        self.coarse = rounding != examples.dtype
        self.centre = self._centre()
        self.rounded = torch.empty_like(examples, dtype=rounding) if self.coarse else examples
        self.norms, self.lost = examples.new_empty(len(examples)), examples.new_zeros(len(examples))
        self._each(self._prepare, range(0, len(examples), PIECE))
        self.longest = self.norms.max()
        self.coarseness = float(_share(self.lost, self.norms).max())
        # Whole groups: what fills up the last one is infinitely far.
        missing = -len(examples) % GROUP
        self.norms = F.pad(self.norms, (0, missing))
        self.halves = F.pad(self.norms[: len(examples)].square() / 2, (0, missing), value=torch.inf)

    def _each(self, act: Callable[[Item], Found], items: Sequence[Item]) -> list[Found]:
        """act(item) of each; a graphics processor shares its work out by itself."""
        return in_threads(act, items) if self.examples.device.type == "cpu" else [act(item) for item in items]

    def _prepare(self, begin: int) -> None:
        """Round the examples from `begin` on, and measure them."""
        for first in range(begin, min(begin + PIECE, len(self.examples)), CHUNK):
            rows = slice(first, min(first + CHUNK, begin + PIECE))
            centred = self._centred(self.examples[rows])
            self.norms[rows] = _lengths(centred)
            if self.coarse:
                self.rounded[rows] = centred
                self.lost[rows] = (centred - self.rounded[rows].to(centred)).norm(dim=1)

    def _centre(self) -> Tensor:
        """What is subtracted from all rows before rounding: distances stay, products and so their errors shrink.

        Whole numbers stay whole. bfloat16 holds those up to 256 exactly, so that plain pixels lose nothing at all.
        """
        if not self.coarse:
            return self.examples.new_zeros(())
        mean, some = self.examples.mean(0), self.examples[:SOME]
        return mean.round() if bool((some == some.round()).all()) else mean

    def _centred(self, rows: Tensor) -> Tensor:
        return rows - self.centre if self.coarse else rows

    def nearest(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        def answer(some: Tensor) -> tuple[Tensor, Tensor]:
            rows, columns = self._candidates(some, k)
            return first_k(rows, columns, differences(some, self.examples, rows, columns), k, len(some))

        at_once = max(1, min(MOST_QUERIES, AT_ONCE // len(self.examples)))
        if len(queries) * self.examples.numel() > WORTH_SHARING:
            at_once = min(at_once, -(-len(queries) // torch.get_num_threads()))
        found = self._each(answer, queries.split(at_once))
        return torch.cat([d for d, _ in found]), torch.cat([i for _, i in found])

    def _candidates(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Pairs (query, example), sorted, among which are the k nearest of each query and all as near as the k-th."""
        upper, width = self._intervals(queries)
        group = self._group(k)
        minima = upper.unflatten(1, (-1, group)).amin(2)  # (B, groups)
        # The k-th smallest minimum bounds the k-th smallest of all: k different examples reach it.
        enough = minima.topk(k, largest=False).values[:, -1]
        # The rounding of these few sums themselves: some units in the last place of what was added.
        enough += 16 * torch.finfo(upper.dtype).eps * (self.longest * (self.longest + width) + enough.abs())
        rows, groups = (minima <= (enough + width * self.longest)[:, None]).nonzero(as_tuple=True)
        columns = groups[:, None] * group + torch.arange(group, device=groups.device)
        lower = upper[rows[:, None], columns] - width[rows, None] * self.norms[columns]
        kept = lower <= enough[rows, None]
        return rows[:, None].expand_as(columns)[kept], columns[kept]

    def _intervals(self, queries: Tensor) -> tuple[Tensor, Tensor]:
        """Upper ends (B, N and what fills up) of |x|**2 / 2 - q.x, and the intervals' width divided by |x| (B,)."""
        centred = self._centred(queries)
        rounded, lengths = centred.to(self.rounding), _lengths(centred)
        upper = self.halves.repeat(len(queries), 1)
        upper[:, : len(self.examples)] -= _product(rounded, self.rounded)
        coarseness = _share((centred - rounded.to(centred)).norm(dim=1), lengths)
        error = self._error(coarseness) * lengths
        return upper.addr_(error, self.norms), 2 * error

    def _error(self, coarseness: Tensor) -> Tensor:
        """Largest |computed - true| / (|q| |x|) of the product, for queries of this coarseness (B,)."""
        fine = torch.finfo(torch.float32 if self.coarse else self.examples.dtype).eps
        # Sums of D products in any order err by less than D half eps (Higham, 2002, section 3.1); four times that
        # covers the centring and the terms of second order.
        summation = 2 * (self.examples.shape[1] + 1) * fine
        # A product handed back in a short format is rounded once more.
        result = torch.finfo(self.rounding).eps / 2 if self.coarse else _lost_in_products(self.examples)
        return (coarseness + 1) * (self.coarseness + 1) * (1 + result) - 1 + summation

    def _group(self, k: int) -> int:
        """Examples in a group, a power of two: so many that there are still many more groups than neighbours."""
        group = GROUP
        while group > 1 and group * 16 * k > len(self.examples):
            group //= 2
        return group


def _product(a: Tensor, b: Tensor) -> Tensor:
    """All a.b of rows: (B, D), (N, D) -> (B, N)."""
    if a.is_cuda and a.dtype == torch.bfloat16:  # kernels there may add up in bfloat16 too, unless float32 is asked for
        return torch.mm(a, b.T, out_dtype=torch.float32)
    return a @ b.T


def _lengths(rows: Tensor) -> Tensor:
    """|row| (B,), summed in float64: the bound has no room for the rounding of a long sum of squares."""
    return torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64).to(rows)


def _share(lost: Tensor, lengths: Tensor) -> Tensor:
    """|x - its rounding| / |x| (B,): by Cauchy and Schwarz what the rounding does to a product at most."""
    return torch.where(lengths > 0, lost / lengths, 0.0)


def _lost_in_products(examples: Tensor) -> float:
    """What float32 products lose where torch was allowed to round their factors; usually nothing."""
    if examples.dtype == torch.float64:
        return 0.0
    try:
        exact = torch.get_float32_matmul_precision() == "highest"
    except RuntimeError:  # torch refuses to say once its newer interface was used to allow it somewhere
        exact = False
    return 0.0 if exact else 2 * float(torch.finfo(torch.bfloat16).eps)
