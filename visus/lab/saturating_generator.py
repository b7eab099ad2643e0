"""Why does a generator stop learning just when its critic is sure?

Real numbers are normal around one place, made ones around another, and the critic is the best there can be: it knows
both. The further apart they are, the surer it is. What does each game's loss tell the generator then?
"""

from typing import Annotated

import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..losses.adversarial import GAMES
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table

SHOWN = {"minimax": ORANGE, "non_saturating": BLUE, "wasserstein": GREEN}
GAPS = tuple(0.5 * n for n in range(1, 17))  # deviations between what is real and what is made
NEAR = 0.1  # deviations: arrived
QUICK = {"draws": 200, "steps": 50}


def scores(x: Tensor, gap: float) -> Tensor:
    """The best critic's log-odds that x is real, between N(0, 1), made, and N(gap, 1), real: (B,) -> (B,).

    Source: Goodfellow et al., 2014, proposition 1: the ratio of the two densities.
    """
    return gap * (x - gap / 2)


def pull(game: str, gap: float, draws: Tensor) -> tuple[float, float]:
    """How strongly the generator is pulled towards what is real, and how real its numbers look, D(G(z)).

    The derivative of its loss by where it puts its numbers, which are `draws` (B,) of N(0, 1) at first.
    """
    place = torch.zeros((), dtype=draws.dtype, requires_grad=True)
    told = scores(draws + place, gap)
    # Wasserstein's critic is one whose slope is 1 where the best one's would be without bounds
    told = told / gap if game == "wasserstein" and gap else told
    (by,) = torch.autograd.grad(GAMES[game].fooling(told), place)
    return -float(by), float(told.detach().sigmoid().mean())


def arrival(game: str, gap: float, draws: Tensor, step: float, steps: int) -> int | None:
    """Steps of descent, against a critic that is best at each of them, until it is there; None: not within `steps`."""
    for taken in range(steps):
        if abs(gap) < NEAR:
            return taken
        gap -= step * pull(game, gap, draws)[0]
    return None


def run(
    draws: Annotated[int, Limits(10, 1_000_000), About("numbers that the generator makes")] = 20_000,
    start: Annotated[float, Limits(0.5, 30), About("deviations to go")] = 8.0,
    step: Annotated[float, Limits(1e-4, 1), About("of descent")] = 0.05,
    steps: Annotated[int, Limits(10, 100_000), About("of descent, at most")] = 2000,
    seed: Annotated[int, Limits(0), About("of the numbers")] = 0,
) -> Exhibit:
    """The generator's gradient in three games while the critic grows sure, and how long it takes it to arrive."""
    z = torch.randn(draws, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    pulls = {game: [pull(game, gap, z) for gap in GAPS] for game in SHOWN}
    at = {game: pull(game, start, z)[0] for game in SHOWN}
    looks = pull("minimax", start, z)[1]
    fewer = z[:: max(1, draws // 500)]
    arrived = {game: arrival(game, start, fewer, step, steps) for game in SHOWN}
    findings = [
        (
            f"{start:g} deviations away the critic gives what is made a chance of {looks:.1e} to be real. The minimax "
            f"loss pulls the generator by {at['minimax']:.1e}, the non-saturating one by {at['non_saturating']:.2f}."
        ),
        (
            "Both are steep where the other is flat: log(1 - D) has the slope D by the score, -log D has 1 - D. Where "
            "the critic cannot tell, D = 1/2, they are equal."
        ),
        f"From there, by steps of {step:g}: "
        + "; ".join(f"{game} {_said(n, steps)}" for game, n in arrived.items())
        + ".",
        (
            "A critic of slope 1 (Wasserstein) pulls by "
            f"{at['wasserstein']:.2f} from anywhere, however sure it is; it does not say how far it is, either."
        ),
    ]
    rows = [
        [f"{gap:g}", f"{pulls['minimax'][n][1]:.1e}", *(f"{pulls[game][n][0]:.2e}" for game in SHOWN)]
        for n, gap in enumerate(GAPS)
        if gap in (0.5, 1, 2, 4, 6, 8)
    ]
    table = Table("Pull on the generator", ["deviations apart", "D(G(z))", *SHOWN], rows)
    data = {"gaps": GAPS, "pulls": {game: [p for p, _ in found] for game, found in pulls.items()}, "steps": arrived}
    return Exhibit("A generator against a sure critic", findings, [_chart(pulls), _losses()], tables=[table], data=data)


def _said(taken: int | None, steps: int) -> str:
    return f"has not arrived after {steps:,}" if taken is None else f"arrives after {taken:,}"


def _chart(pulls: dict[str, list[tuple[float, float]]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for game, colour in SHOWN.items():
            axes.plot(GAPS, [p for p, _ in pulls[game]], color=colour, label=game.replace("_", "-"))
        scale(axes, "x", log=False)
        scale(axes, "y", log=True)
        axes.set(xlabel="deviations between real and made: the critic grows sure", ylabel="pull on the generator")
        legend(axes)

    reading = "To the right there is ever more to learn, and minimax says ever less about it."
    return Chart("What the generator is told", draw(paint, 260), reading)


def _losses() -> Chart:
    odds = torch.linspace(-8, 8, 161)
    losses = {game: [float(GAMES[game].fooling(one[None])) for one in odds] for game in ("minimax", "non_saturating")}

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for game, found in losses.items():
            axes.plot(odds.tolist(), found, color=SHOWN[game], label=game.replace("_", "-"))
        scale(axes, "x", log=False)
        scale(axes, "y", log=False)
        axes.set(xlabel="the critic's score of what was made, log-odds of being real", ylabel="generator's loss, nats")
        legend(axes)

    return Chart("Both losses", draw(paint, 230), "A generator starts on the left, where the orange line is flat.")
