"""How often should one try what seems worse?"""

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, MUTED, ORANGE, PURPLE, draw, legend, percent, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table

Floats = NDArray[np.float64]
QUICK = {"bandits": 50, "steps": 60}


class Player(NamedTuple):
    """epsilon: chance of an arm at random, by the step counted from 1. initial: what every arm is held to be worth."""

    epsilon: Callable[[int], float]
    initial: float = 0.0


PLAYERS = {
    "never": Player(lambda t: 0.0),
    "1 in 100": Player(lambda t: 0.01),
    "1 in 10": Player(lambda t: 0.1),
    "ever less": Player(lambda t: min(1.0, 10.0 / t)),
    "never, but hopeful": Player(lambda t: 0.0, initial=5.0),
}
COLOURS = dict(zip(PLAYERS, (MUTED, GREEN, BLUE, ORANGE, PURPLE), strict=True))


class Course(NamedTuple):
    """Over many bandits, at each step: the mean reward, and the share that pulls the best arm."""

    rewards: Floats
    best: Floats


def play(player: Player, worths: Floats, steps: int, dice: np.random.Generator) -> Course:
    """One player at N bandits of K arms, worths (N, K); a pull pays an arm's worth and noise of deviation 1.

    What an arm is held to be worth is the mean of what it paid; the hopeful begin with a number instead, and go a tenth
    of the way each time. Source: Sutton and Barto, 2018, section 2.3 and 2.6.
    """
    n, k = worths.shape
    rows, held, pulls = np.arange(n), np.full((n, k), player.initial), np.zeros((n, k))
    rewards, best = np.empty(steps), np.empty(steps)
    for t in range(1, steps + 1):
        at_random = dice.random(n) < player.epsilon(t)
        top = held + 1e-9 * dice.random((n, k))  # equals are drawn
        arms = np.where(at_random, dice.integers(0, k, n), top.argmax(1))
        paid = worths[rows, arms] + dice.standard_normal(n)
        pulls[rows, arms] += 1
        share = 0.1 if player.initial else 1 / pulls[rows, arms]
        held[rows, arms] += share * (paid - held[rows, arms])
        rewards[t - 1], best[t - 1] = paid.mean(), (arms == worths.argmax(1)).mean()
    return Course(rewards, best)


def run(
    bandits: Annotated[int, Limits(1, 100_000), About("machines, each with arms of its own, averaged")] = 1000,
    arms: Annotated[int, Limits(2, 1000), About("of each machine")] = 10,
    steps: Annotated[int, Limits(10, 100_000), About("pulls")] = 1000,
    seed: Annotated[int, Limits(0), About("of machines and pulls")] = 0,
) -> Exhibit:
    """A slot machine with several arms. Source: Sutton and Barto, 2018, figures 2.2 and 2.3."""
    dice = np.random.default_rng(seed)
    worths = dice.standard_normal((bandits, arms))
    courses = {name: play(player, worths, steps, dice) for name, player in PLAYERS.items()}
    late = slice(-max(1, steps // 10), None)
    ends = {name: (float(c.rewards[late].mean()), float(c.best[late].mean())) for name, c in courses.items()}
    sums = {name: float(c.rewards.sum()) for name, c in courses.items()}
    possible = float(worths.max(1).mean())
    findings = [
        (
            f"Who never tries settles for the first arm that pays: {100 * ends['never'][1]:.0f} % hold the best one at "
            f"the end and earn {ends['never'][0]:.2f} a pull, of {possible:.2f} that are possible."
        ),
        (
            f"One pull in ten at random finds the best arm for {100 * ends['1 in 10'][1]:.0f} %, and earns "
            f"{ends['1 in 10'][0]:.2f}; it goes on paying for trials when nothing is left to find. One in a hundred is "
            f"slower, at {100 * ends['1 in 100'][1]:.0f} % by then."
        ),
        (
            f"To try ever less ends at {100 * ends['ever less'][1]:.0f} % and {ends['ever less'][0]:.2f}; to hope for "
            f"5 from every arm, with no chance at all, at {100 * ends['never, but hopeful'][1]:.0f} % and "
            f"{ends['never, but hopeful'][0]:.2f}."
        ),
        f"Over all {steps:,} pulls the most was earned by: {max(sums, key=lambda name: sums[name])}.",
    ]
    rows = [[name, f"{ends[name][0]:.2f}", f"{100 * ends[name][1]:.0f} %", f"{sums[name]:.0f}"] for name in PLAYERS]
    table = Table("At the end", ["tries at random", "a pull", "best arm", "earned in all"], rows, "The last tenth.")
    return Exhibit(
        "Trying and holding on", findings, [_chart(courses, possible), _shares(courses)], tables=[table],
        data={"ends": ends, "earned": sums, "possible": possible},
    )  # fmt: skip


def _chart(courses: dict[str, Course], possible: float) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, course in courses.items():
            axes.plot(_smooth(course.rewards), color=COLOURS[name], label=name, linewidth=1.2)
        axes.axhline(possible, color=MUTED, linestyle="--", linewidth=1)
        scale(axes, "x", log=False)
        axes.set(xlabel="pull", ylabel="mean reward")
        legend(axes, columns=2)

    return Chart("What a pull earns", draw(paint, 300), "The dashed line is what the best arm of each machine pays.")


def _shares(courses: dict[str, Course]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, course in courses.items():
            axes.plot(_smooth(course.best), color=COLOURS[name], label=name, linewidth=1.2)
        scale(axes, "x", log=False)
        percent(axes, "y")
        axes.set(xlabel="pull", ylabel="pull the best arm")
        legend(axes, columns=2)

    return Chart("Who has found the best arm", draw(paint, 300), "Who never tries stays where luck has put it.")


def _smooth(series: Floats, window: int = 10) -> Floats:
    window = min(window, len(series))
    return np.convolve(series, np.ones(window) / window, "valid")
