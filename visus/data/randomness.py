"""Random numbers as a function of what they are for: no state to save, no order to depend on.

Shuffling and augmentation draw from here, so a batch is the same whether it is made now, after a resume, or by any of
several worker processes.
"""

import numpy as np
from numpy.typing import NDArray


def permutation(seed: int, epoch: int, n: int) -> NDArray[np.int64]:
    """The order of `n` examples in an epoch."""
    return np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(n)


def uniform(seed: int, epoch: int, rows: NDArray[np.int64], n_draws: int) -> NDArray[np.float64]:
    """Draws in [0, 1) for each example: (B,) row numbers -> (B, n_draws).

    A row's draws depend on (seed, epoch, row) alone, not on the batch it stands in.
    Source of the mixing: SplitMix64, Steele et al., 2014, figure 16.
    """
    with np.errstate(over="ignore"):  # arithmetic modulo 2**64 is meant
        stream = _mix(_mix(np.uint64(seed % 2**64)) + np.uint64(epoch))
        numbers = np.arange(n_draws).astype(np.uint64)
        bits = _mix(_mix(stream + rows.astype(np.uint64))[:, None] + numbers)
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mix(z: np.uint64 | NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = np.asarray(z, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
