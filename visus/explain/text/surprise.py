"""Surprise: how unlikely the model found each symbol of a text, and where it was most mistaken."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ...engine.task import evaluation_mode
from ._reading import Passage, Reading, Rows, refuse_short, surprise

MOST = 20_000  # symbols that are read
SHOWN = 900  # symbols of the coloured passage
AROUND = 24  # symbols shown before a surprise, half as many behind it
RED_AT = 6.0  # nats from which a symbol is of the deepest red: a chance of 1 in 400


def read(
    network: nn.Module,
    ids: Tensor,
    symbols: Sequence[str],
    show: Callable[[float], None] = lambda share: None,
    *,
    most: int = MOST,
    best: int = 8,
) -> Reading:
    """The nats of each symbol, a passage coloured by them, and the `best` most surprising places, one a line.

    ids: int64 (T,). Raises ValueError for a text of fewer than 2 symbols.
    """
    refuse_short(ids, 2, "surprise")
    ids = ids[: most + 1]
    text = [symbols[i] for i in ids.tolist()]
    nats = surprise(network, ids)  # of text[1:]
    show(0.9)
    places = worst(nats, text, best)
    rows = [_row(network, ids, symbols, text, nats, place) for place in places]
    mean = float(nats.mean())
    finding = (
        f"{mean:.3f} nats a symbol over {len(nats):,} symbols: perplexity {np.exp(mean):.1f}; half of all symbols take "
        f"{np.median(nats):.2f} or less, and the {100 * share(nats):.0f} % that surprise most make up half of the sum."
    )
    shown = slice(1, 1 + SHOWN)
    colours = -np.minimum(nats[:SHOWN] / RED_AT, 1)
    passage = Passage(
        "How surprised it was",
        text[shown],
        colours,
        f"The deeper the red, the less the model expected the symbol, given all before it; full from {RED_AT:g} nats.",
    )
    headings = ["Where it was most surprised", "Came", "Nats", "It expected"]
    table = Rows("Most surprising", headings, rows, "The symbol that came, what it cost, and what was held likelier.")
    return Reading([finding], [passage], tables=[table], data={"nats": mean, "symbols": len(nats)})


def worst(nats: np.ndarray[tuple[int], np.dtype[np.float64]], text: Sequence[str], most: int) -> list[int]:
    """Places in `text` of the greatest surprises, nats being those of text[1:]; not two within a few symbols."""
    found: list[int] = []
    for place in (np.argsort(-nats, kind="stable")[: 50 * most] + 1).tolist():
        if all(abs(place - other) > AROUND for other in found):
            found.append(place)
        if len(found) == most:
            break
    return found


def share(nats: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """The share of symbols, the most surprising ones, that make up half of the sum of all."""
    ordered = np.sort(nats)[::-1].cumsum()
    return float((np.searchsorted(ordered, ordered[-1] / 2) + 1) / len(nats)) if len(nats) else 0.0


def plain(symbol: str) -> str:
    """A symbol as it can be seen."""
    return {"\n": "↵", " ": "␣", "\t": "⇥"}.get(symbol, symbol)


@torch.no_grad()
def expected(network: nn.Module, ids: Tensor, symbols: Sequence[str], most: int = 3) -> list[tuple[str, float]]:
    """The likeliest symbols behind a text int64 (T,), and their probabilities."""
    with evaluation_mode(network):
        scores, _ = network(ids[None], None)
    chances, order = scores[0, -1].float().softmax(-1).topk(min(most, len(symbols)))
    return [(symbols[i], p) for i, p in zip(order.tolist(), chances.tolist(), strict=True)]


def _row(
    network: nn.Module,
    ids: Tensor,
    symbols: Sequence[str],
    text: Sequence[str],
    nats: np.ndarray[tuple[int], np.dtype[np.float64]],
    place: int,
) -> list[str]:
    likelier = expected(network, ids[max(0, place - 500) : place], symbols)
    before = "".join(map(plain, text[max(0, place - AROUND) : place]))
    said = ", ".join(f"{plain(symbol)} {100 * chance:.0f} %" for symbol, chance in likelier)
    return [f"…{before}", plain(text[place]), f"{nats[place - 1]:.1f}", said]
