"""Passages of a text that occur elsewhere, found by hashes of all stretches of so many characters."""

import numpy as np
import torch
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
LENGTH = 50  # characters: by chance no stretch as long as this occurs twice
MOST = 20_000_000  # characters looked through, the last ones: beyond, a minute and gigabytes
_BASE = 0x9E3779B97F4A7C15  # any odd number: those have an inverse modulo 2 to the 64


def hashes(symbols: torch.Tensor, length: int = LENGTH) -> Hashes:
    """A hash of each stretch of `length` symbols int (N,): uint64 (N - length + 1,), the same for the same stretch.

    The sum of values x_i of the symbols times b^i, all modulo 2 to the 64: the sums of all stretches are differences of
    one cumulative sum, brought to the same power by the inverse of b (Karp and Rabin, 1987).
    """
    n = len(symbols)
    if n < length:
        return np.empty(0, dtype=np.uint64)
    random = np.random.default_rng(0)
    value = random.integers(0, 2**64, int(symbols.max()) + 1, dtype=np.uint64)
    power = _powers(_BASE, n)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(value[symbols.numpy()] * power)])
    return (sums[length:] - sums[:-length]) * _powers(pow(_BASE, -1, 2**64), n)[: n - length + 1]


def shared(inner: torch.Tensor, outer: torch.Tensor, length: int = LENGTH) -> float:
    """The share of stretches of `inner` (N,) that stand in `outer` (M,) symbol for symbol; 0 if there are none."""
    asked = hashes(inner[-MOST:], length)
    return float(np.isin(asked, hashes(outer[-MOST:], length)).mean()) if len(asked) else 0.0


def repeated(symbols: torch.Tensor, length: int = LENGTH) -> float:
    """The share of stretches of a text (N,) that stand in it before."""
    found = hashes(symbols[-MOST:], length)
    return 1 - len(np.unique(found)) / len(found) if len(found) else 0.0


def _powers(base: int, n: int) -> Hashes:
    """1, b, b^2, ... modulo 2 to the 64, uint64 (n,)."""
    factors = np.full(n, base % 2**64, dtype=np.uint64)
    factors[0] = 1
    return np.cumprod(factors)
