"""How many letters back should one count, and how much text does that take?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..data.text import encoded, read_text
from ..data.vocabulary import Vocabulary
from ..models.sequence.ngram import NGram
from ..recipes._form import About, Limits
from ..report.exhibit import Exhibit, Table
from ..report.figures.canvas import BLUE, GREEN, ORANGE, draw, legend, percent, scale
from ..report.figures.chart import Chart

Ids = NDArray[np.int64]
HELD_OUT, MOST_HELD_OUT = 0.1, 50_000  # share of the text, its end, and the most symbols of it, that are told
COLOURS = (ORANGE, GREEN, BLUE)
WAYS = {"kneser_ney": "Kneser-Ney", "witten_bell": "Witten-Bell"}
QUICK = {"orders": 4, "most": 20_000}


def run(
    text: Annotated[str, About("a text file in UTF-8; nothing: the manual that comes with Python")] = "",
    orders: Annotated[int, Limits(2, 12), About("orders that are tried: 1 to this")] = 8,
    most: Annotated[int, Limits(2_000, 10_000_000), About("letters to learn from, at most")] = 500_000,
) -> Exhibit:
    """Nats of held-out text against the order of an n-gram model, for three amounts of text; what was never seen."""
    written = read_text(Path(text)) if text else manual()
    vocabulary = Vocabulary.of_symbols(written)
    ids = encoded(written, vocabulary).numpy().astype(np.int64)
    cut = int((1 - HELD_OUT) * len(ids))
    train, held_out = ids[:cut][-most:], ids[cut:][:MOST_HELD_OUT]
    sizes = [len(train) // 100, len(train) // 10, len(train)]
    tried = range(1, orders + 1)
    nats = {
        way: [[NGram(n, len(vocabulary), way).learn(train[-size:]).nats(held_out) for n in tried] for size in sizes]
        for way in ("kneser_ney", "witten_bell")
    }
    unseen = [[never_seen(train[-size:], held_out, n) for n in tried] for size in sizes]
    data = {"letters": sizes, "orders": list(tried), "nats": nats, "unseen": unseen}
    return Exhibit(
        "Counting letters",
        _findings(sizes, nats, unseen),
        [_curves(tried, sizes, nats["kneser_ney"]), _sparse(tried, sizes, unseen)],
        tables=[_table(tried, sizes, nats)],
        data=data,
    )


def manual() -> str:
    """Python's own manual of its language, which comes with it: half a million letters of English."""
    from pydoc_data.topics import topics

    return "\n".join(topics[name] for name in sorted(topics))


def never_seen(train: Ids, held_out: Ids, order: int) -> float:
    """The share of stretches of `order` symbols of the held-out text that the training text does not hold."""
    known = set(_stretches(train, order))
    asked = _stretches(held_out, order)
    return sum(stretch not in known for stretch in asked) / len(asked)


def _stretches(ids: Ids, order: int) -> list[bytes]:
    rows = np.lib.stride_tricks.sliding_window_view(ids.astype(np.int32), order)
    return [row.tobytes() for row in rows]


def _findings(sizes: Sequence[int], nats: dict[str, list[list[float]]], unseen: Sequence[Sequence[float]]) -> list[str]:
    best = [int(np.argmin(row)) + 1 for row in nats["kneser_ney"]]
    said = [
        f"With {size:,} letters the best order is {order}, at {row[order - 1]:.3f} nats a letter."
        for size, order, row in zip(sizes, best, nats["kneser_ney"], strict=True)
    ]
    longest = len(unseen[-1])
    gap = nats["witten_bell"][-1][-1] - nats["kneser_ney"][-1][-1]
    said.append(
        f"Of the stretches of {longest} letters, {100 * unseen[-1][-1]:.0f} % never stood in the {sizes[-1]:,} "
        f"letters; of {sizes[0]:,} letters, {100 * unseen[0][-1]:.0f} %. Counts alone would call each impossible."
    )
    said.append(
        f"So it matters how the long counts lean on the short ones: at order {longest} Kneser-Ney is {gap:.3f} nats "
        "better than Witten-Bell."
    )
    return said


def _curves(orders: Sequence[int], sizes: Sequence[int], nats: Sequence[Sequence[float]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        _lines(axes, orders, sizes, nats)
        scale(axes, "y", log=False)
        axes.set(ylabel="nats a letter")

    reading = (
        "Held-out text, Kneser-Ney. Each further letter of context helps as long as there is text enough to have seen "
        "what follows it; then the curve is flat or rises."
    )
    return Chart("How surprised", draw(paint, 250), reading)


def _sparse(orders: Sequence[int], sizes: Sequence[int], unseen: Sequence[Sequence[float]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        _lines(axes, orders, sizes, unseen)
        percent(axes, "y")

    reading = (
        "The share of stretches of so many letters, in the held-out text, that the training text never had: the "
        "longer, the more of them are new, however much was read."
    )
    return Chart("Never seen before", draw(paint, 250), reading)


def _lines(axes: Axes, orders: Sequence[int], sizes: Sequence[int], rows: Sequence[Sequence[float]]) -> None:
    for size, row, colour in zip(sizes, rows, COLOURS, strict=True):
        axes.plot(list(orders), row, "o-", color=colour, ms=4, label=f"{size:,} letters")
    scale(axes, "x", log=False)
    axes.set_xlabel("order: letters, with the one that is told")
    legend(axes, columns=2)


def _table(orders: Sequence[int], sizes: Sequence[int], nats: dict[str, list[list[float]]]) -> Table:
    headings = ["letters", "leaning", *(f"order {n}" for n in orders)]
    rows = [
        [f"{size:,}", WAYS[way], *(f"{value:.3f}" for value in nats[way][i])]
        for i, size in enumerate(sizes)
        for way in WAYS
    ]
    return Table("Nats a letter", headings, rows, "Less is better; both ways are exact mixtures of all orders below.")
