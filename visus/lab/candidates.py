"""How far does a search without gradients come, that tries a few values and looks closer around the best?"""

from typing import Annotated

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, MUTED, ORANGE, draw, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit

LOW, HIGH = -4.0, 4.0
RIPPLE = 2 * np.pi / 3  # distance between two valleys


def bumpy(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A valley with ripples: its lowest point is not where its slope leads from everywhere."""
    return 0.15 * (x - 1.3) ** 2 + 0.6 * np.sin(3 * x)


def search(n: int, rounds: int) -> list[tuple[NDArray[np.float64], float]]:
    """Rounds of n evenly spaced candidates; each next round spans the neighbours of the best: (candidates, best)."""
    low, high, found = LOW, HIGH, []
    for _ in range(rounds):
        tried = np.linspace(low, high, n)
        best = float(tried[bumpy(tried).argmin()])
        step = (high - low) / (n - 1)
        low, high = best - step, best + step
        found.append((tried, best))
    return found


def run(
    n: Annotated[int, Limits(3, 1000), About("candidates a round")] = 9,
    rounds: Annotated[int, Limits(1, 60), About("rounds, each closer around the best")] = 6,
) -> Exhibit:
    found = search(n, rounds)
    fine = np.linspace(LOW, HIGH, 200_001)
    lowest = float(fine[bumpy(fine).argmin()])
    missed = abs(found[-1][1] - lowest) > RIPPLE / 2
    reached = f"x = {found[-1][1]:.5f} after {rounds * n} evaluations"
    findings = [
        f"{rounds} rounds of {n} candidates: {reached}; a fine grid of {len(fine):,} finds {lowest:.5f}.",
        f"Each round narrows the span {(n - 1) / 2:g}-fold, so its length falls exponentially with the rounds.",
        "The first round missed the lowest valley: no later round can return to it. Take more candidates."
        if missed
        else "The first round hit the lowest valley; too few candidates may miss it, and nothing brings it back.",
        f"In d dimensions a round needs {n}^d candidates, which is why networks follow the gradient.",
    ]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot(fine[::200], bumpy(fine[::200]), color=MUTED)
        for number, (tried, best) in enumerate(found):
            axes.plot(tried, bumpy(tried), "o", ms=max(2.5, 7 - number), color=BLUE, alpha=0.5, mew=0)
            axes.plot(best, bumpy(np.array([best])), "o", ms=max(2.5, 7 - number), color=ORANGE, mew=0)
        scale(axes, "x", log=False)
        axes.set_xlabel("x")

    reading = (
        "Blue: candidates, smaller in later rounds. Orange: the best of each round, where the next one looks closer."
    )
    return Exhibit(
        "Candidates, then candidates around the best",
        findings,
        [Chart("A valley with ripples", draw(paint, 230), reading)],
        data={"best": [best for _, best in found], "lowest": lowest},
    )
