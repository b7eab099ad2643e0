"""Mixtures of independent values: a component is drawn first, and then every value of the picture by itself.

Each value of each component has a probability for each level, so all there is to know is a table. The likelihood is
exact, and so is completion: what is known says which component it was.
"""

from abc import abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from ._contract import Density

CELLS = 2**24  # probabilities that are looked at in one go while drawing


class Products(Density):
    """A mixture of K components. `_table` says log-probabilities (D * L, K); `_weights`, of the components, (K,)."""

    _kept: Tensor | None = None  # the table: long to make, soon made, so not saved

    @abstractmethod
    def _table(self) -> Tensor:
        """Log-probabilities of each level of each value, (D * L, K)."""

    @abstractmethod
    def _weights(self) -> Tensor:
        """Log-probabilities of the components, (K,)."""

    def _nats(self, values: Tensor) -> Tensor:
        return torch.logsumexp(self._given_components(values) + self._weights(), 1)

    def _given_components(self, values: Tensor, known: Tensor | None = None) -> Tensor:
        """log p(known values | component): levels (B, D), bool (D,) or None for all -> (B, K)."""
        table = self._rows()
        places = torch.arange(values.shape[1], device=values.device) * self.canvas.levels + values
        if known is None:
            return F.embedding_bag(places, table, mode="sum")
        return F.embedding_bag(places, table, mode="sum", per_sample_weights=known.to(table).expand(places.shape))

    def _draw(self, values: Tensor, known: Tensor, dice: torch.Generator, temperature: float) -> Tensor:
        component = _drawn((self._given_components(values, known) + self._weights()) / temperature, dice)
        table = self._rows().view(self.canvas.values, self.canvas.levels, -1).permute(2, 0, 1)  # (K, D, L)
        at_once = max(1, CELLS // (self.canvas.values * self.canvas.levels))
        return torch.cat([_drawn(table[some] / temperature, dice) for some in component.split(at_once)]).to(torch.uint8)

    def _rows(self) -> Tensor:
        if self._kept is None:
            self._kept = self._table()
        return self._kept

    def _apply(self, change: Callable[[Tensor], Tensor], recurse: bool = True) -> "Products":
        self._kept = None
        return super()._apply(change, recurse)  # type: ignore[no-untyped-call]

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *rest: object) -> None:
        self._kept = None
        super()._load_from_state_dict(state_dict, prefix, *rest)


def _drawn(log_shares: Tensor, dice: torch.Generator) -> Tensor:
    """One of the last dimension's entries each, by shares that need not sum to 1: (..., L) -> int64 (...)."""
    below = log_shares.softmax(-1).cumsum(-1)
    threshold = torch.rand(log_shares.shape[:-1], generator=dice, device=dice.device).to(below)[..., None]
    return (below[..., :-1] <= threshold).sum(-1)  # the last takes what rounding left of 1
