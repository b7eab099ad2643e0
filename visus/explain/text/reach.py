"""Reach: how many symbols back the model looks, told by what it loses when it is given fewer.

Windows from all over the text are read from an empty state. The nats of the k-th symbol of a window are what the model
reaches with k - 1 symbols to look at; where the curve becomes flat, more of them tell it nothing.

Source: the measure of Khandelwal et al., 2018, section 3, for an LSTM over words.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ...engine.task import evaluation_mode
from ._reading import Curve, Reading, refuse_short

WINDOWS = 384
PIECE = 64  # windows run at once
FLAT = 0.02  # nats above the best: what is nearer is the noise of a few hundred windows


def read(
    network: nn.Module,
    ids: Tensor,
    symbols: Sequence[str],
    show: Callable[[float], None] = lambda share: None,
    *,
    longest: int = 200,
    windows: int = WINDOWS,
) -> Reading:
    """Nats of the next symbol against the symbols that may be looked at, 0 (none) to `longest`.

    ids: int64 (T,). Raises ValueError for a text of fewer than 2 (longest + 2) symbols.
    """
    refuse_short(ids, 2 * (longest + 2), f"reach over {longest} symbols")
    starts = np.linspace(0, len(ids) - longest - 2, windows).astype(int)
    nats = []
    for first in range(0, windows, PIECE):
        rows = torch.stack([ids[start : start + longest + 2] for start in starts[first : first + PIECE].tolist()])
        with torch.no_grad(), evaluation_mode(network):
            scores, _ = network(rows[:, :-1], None)
        nats.append(nn.functional.cross_entropy(scores.float().mT, rows[:, 1:], reduction="none"))
        show(min(1.0, (first + PIECE) / windows))
    curve = torch.cat(nats).double().mean(0).numpy()  # k-th: k + 1 symbols were seen
    seen = np.arange(1, len(curve) + 1, dtype=np.float64)
    reaches = _reach(curve)
    best = float(curve[len(curve) // 2 :].mean())
    finding = (
        f"It uses about the last {reaches} symbols: with them it reaches {curve[reaches - 1]:.2f} nats, with half as "
        f"many {curve[max(0, reaches // 2 - 1)]:.2f}, with {len(curve)} {best:.2f}."
    )
    reading = "Falling: each further symbol back tells the model something; flat: it has forgotten what lies beyond."
    drawn = Curve("How far back it looks", seen, _smooth(curve), ("symbols it may look at", "nats"), reading)
    return Reading([finding], curves=[drawn], data={"reach": reaches, "nats": curve.tolist()})


def _smooth(curve: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Each value with its neighbours, ever more of them: the first symbols back differ, the fiftieth do not."""
    found = [curve[max(0, k - k // 4) : k + k // 4 + 1].mean() for k in range(len(curve))]
    return np.array(found)


def _reach(curve: np.ndarray[tuple[int], np.dtype[np.float64]]) -> int:
    """The least number of symbols from which the curve stays within FLAT of what it reaches at last."""
    smooth = _smooth(curve)
    last = smooth[len(smooth) // 2 :].mean()
    return int(np.argmax(smooth <= last + FLAT)) + 1
