"""Why does the best of noisy guesses promise too much, and what do two sets of guesses change?"""

from typing import Annotated

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, MUTED, ORANGE, draw, legend, percent, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit

Floats = NDArray[np.float64]
ACTIONS = (2, 4, 8, 16, 32, 64)
STATES = 5000  # at which the best of guesses is taken
LOSS, NOISE = -0.1, 1.0  # what the way left pays on average, and its deviation
QUICK = {"episodes": 30, "runs": 50}


def guessed(actions: int, noise: float, dice: np.random.Generator) -> tuple[float, float]:
    """Of actions all worth 0: what the best of their guesses says, and what a second guess says of that one."""
    first, second = noise * dice.standard_normal((2, STATES, actions))
    best = first.argmax(1)
    rows = np.arange(STATES)
    return float(first[rows, best].mean()), float(second[rows, best].mean())


def left(episodes: int, runs: int, lr: float, epsilon: float, actions: int, double: bool, seed: int) -> Floats:
    """Share of runs that go left, in each episode: a way that loses, but has many actions of noisy reward behind it.

    At A right ends with 0; left leads to B, where each action ends with N(-0.1, 1). double: two tables, one of which,
    drawn at each step, learns what the other thinks of the action it holds best; they act by their sum.
    Source: van Hasselt, 2010; Sutton and Barto, 2018, example 6.7.
    """
    dice, rows = np.random.default_rng(seed), np.arange(runs)
    n_tables = 2 if double else 1
    at_a, at_b = np.zeros((n_tables, runs, 2)), np.zeros((n_tables, runs, actions))  # of A: left, right
    shares = np.empty(episodes)
    for episode in range(episodes):
        goes = _choose(at_a.sum(0), epsilon, dice)
        arms = _choose(at_b.sum(0), epsilon, dice)
        mine = dice.integers(0, n_tables, runs)
        best = at_b[mine, rows].argmax(1)
        beyond = np.where(goes == 0, at_b[(mine + 1) % n_tables, rows, best], 0.0)
        at_a[mine, rows, goes] += lr * (beyond - at_a[mine, rows, goes])
        mine = dice.integers(0, n_tables, runs)
        paid = LOSS + NOISE * dice.standard_normal(runs)
        at_b[mine, rows, arms] += lr * (goes == 0) * (paid - at_b[mine, rows, arms])
        shares[episode] = (goes == 0).mean()
    return shares


def _choose(q: Floats, epsilon: float, dice: np.random.Generator) -> NDArray[np.int64]:
    """Of q (N, A), any with chance epsilon, else the best, drawn among equals."""
    n, k = q.shape
    best = (q + 1e-9 * dice.random((n, k))).argmax(1)
    return np.where(dice.random(n) < epsilon, dice.integers(0, k, n), best)


def run(
    noise: Annotated[float, Limits(0.0), About("deviation of a guess")] = 1.0,
    episodes: Annotated[int, Limits(10, 10_000), About("of each run")] = 300,
    runs: Annotated[int, Limits(10, 100_000), About("that are averaged")] = 2000,
    actions: Annotated[int, Limits(2, 1000), About("behind the way that loses")] = 10,
    lr: Annotated[float, Limits(1e-6, 1.0), About("share of the way to a new value")] = 0.1,
    epsilon: Annotated[float, Limits(0.0, 1.0), About("chance of an action at random")] = 0.1,
    seed: Annotated[int, Limits(0), About("of guesses and rewards")] = 0,
) -> Exhibit:
    """Guesses of actions that are all worth the same, and the two-step world of Sutton and Barto's example 6.7."""
    dice = np.random.default_rng(seed)
    biases = np.array([guessed(k, noise, dice) for k in ACTIONS])
    shares = {
        "Q-learning": left(episodes, runs, lr, epsilon, actions, False, seed),
        "double Q-learning": left(episodes, runs, lr, epsilon, actions, True, seed),
    }
    fair = epsilon / 2
    late = {name: float(series[-max(1, episodes // 10) :].mean()) for name, series in shares.items()}
    peak = {name: float(series.max()) for name, series in shares.items()}
    findings = [
        (
            f"Of {ACTIONS[2]} actions that are all worth 0, guessed with an error of {noise:g}, the best guess says "
            f"{biases[2, 0]:.2f}; of {ACTIONS[-1]} it says {biases[-1, 0]:.2f}. The largest of errors is "
            "above 0, and a target made of it passes it on."
        ),
        (
            f"A second guess of the action that the first holds best says {biases[2, 1]:+.2f} and "
            f"{biases[-1, 1]:+.2f}: one set chooses, the other judges, and their errors are not the same."
        ),
        (
            f"Where left loses 0.1 on average, Q-learning goes left in up to {100 * peak['Q-learning']:.0f} % of "
            f"episodes, and in {100 * late['Q-learning']:.0f} % at the end; double Q-learning in up to "
            f"{100 * peak['double Q-learning']:.0f} %, and {100 * late['double Q-learning']:.0f} % at the end. "
            f"{100 * fair:.0f} % are random steps that nobody can help."
        ),
    ]
    data = {"actions": list(ACTIONS), "biases": biases.tolist(), "late": late, "peak": peak}
    return Exhibit("The best of noisy guesses", findings, [_bias(biases, noise), _lefts(shares, fair)], data=data)


def _bias(biases: Floats, noise: float) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        bound = [noise * np.sqrt(2 * np.log(k)) for k in ACTIONS]
        axes.plot(ACTIONS, bound, "--", color=MUTED, label="bound, sqrt(2 ln A)", linewidth=1)
        axes.plot(ACTIONS, biases[:, 0], "o-", color=ORANGE, label="the best guess")
        axes.plot(ACTIONS, biases[:, 1], "s-", color=BLUE, label="second guess of it")
        scale(axes, "x", log=True)
        scale(axes, "y", log=False)
        axes.set(xlabel="actions, all worth 0", ylabel="what is said")
        legend(axes, columns=2)

    return Chart("What is promised", draw(paint, 280), "All is worth 0: whatever is above is promised, and not kept.")


def _lefts(shares: dict[str, Floats], fair: float) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (name, series), colour in zip(shares.items(), (ORANGE, BLUE), strict=True):
            axes.plot(np.arange(1, len(series) + 1), series, color=colour, label=name, linewidth=1.2)
        axes.axhline(fair, color=MUTED, linestyle="--", linewidth=1, label="by chance alone")
        scale(axes, "x", log=False)
        percent(axes, "y")
        axes.set(xlabel="episode", ylabel="go left", ylim=(0, None))
        legend(axes, columns=2)

    return Chart("Led astray by noise", draw(paint, 280), "Left loses; among many noisy ways one always looks good.")
