"""How a player learned, what it earns, what it expected, and what it does."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..wording import plain, short
from .canvas import BLUE, GREEN, MUTED, ORANGE, PURPLE, draw, legend, scale
from .chart import Chart, Floats, Line

POINTS = 120  # of the mean over seeds
MOST_LINES = 300  # points of a line
MOST_BARS = 18
BINS = 24
MOST_DOTS = 700
COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
STEPS = "steps of the world"


def learning(
    validation: Line, training: Line | None, others: Sequence[Line], at_random: float, solved: float, x_name: str
) -> Chart:
    """Returns while it learned, over steps of the world. others: validation returns of runs with other seeds.

    at_random, solved: returns of random actions and of a solved world, NaN where nobody has said.
    """
    every = [validation, *others]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        if others:
            x, values = together(every)
            axes.fill_between(x, values.min(0), values.max(0), color=MUTED, alpha=0.2, linewidth=0, label="all seeds")
            axes.plot(x, values.mean(0), color=MUTED, linewidth=1.3, label="their mean")
        if training is not None:
            axes.plot(*thin(training), "--", color=ORANGE, linewidth=1.2, label="while learning")
        axes.plot(*thin(validation), color=BLUE, marker=_marker(validation), label="evaluations")
        for level, colour, name in ((at_random, MUTED, "random"), (solved, GREEN, "solved")):
            if np.isfinite(level):
                axes.axhline(level, color=colour, linestyle=":", linewidth=1.2)
                axes.annotate(
                    name, (1, level), xycoords=axes.get_yaxis_transform(), color=colour, ha="right", va="bottom"
                )
        _linear(axes, x_name)
        legend(axes, 2)

    reading = (
        "The return is the sum of the rewards of an episode. Blue: the player at rest, in the same episodes each time; "
        "orange: the last 100 episodes that it learned from, in which it also tries what it does not hold best."
    )
    if others:
        reading += (
            f" Grey: the evaluations of {len(every)} runs that differ in nothing but the seed, from the least to the "
            "greatest, and their mean. One seed tells little of a method."
        )
    return Chart("Return", draw(paint, 250), reading)


def together(lines: Sequence[Line]) -> tuple[Floats, Floats]:
    """Where all lines have values, x (P,), and their values there, (lines, P)."""
    known = [Line(line.x[np.isfinite(line.y)], line.y[np.isfinite(line.y)]) for line in lines]
    known = [line for line in known if len(line.x)]
    low, high = max(line.x[0] for line in known), min(line.x[-1] for line in known)
    x = np.linspace(low, max(low, high), POINTS)
    return x, np.stack([np.interp(x, line.x, line.y) for line in known])


def returns(ours: Floats, at_random: Floats, solved: float) -> Chart:
    """Returns of episodes (N,), beside those of random actions (M,)."""
    every = np.concatenate([ours, at_random])
    low, high = float(every.min()), float(every.max())
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, values, colour, fill in (
            ("random actions", at_random, MUTED, True),
            ("the player", ours, BLUE, False),
        ):
            if len(values):
                shares = np.histogram(values, edges)[0] / len(values)
                axes.stairs(shares, edges, color=colour, fill=fill, alpha=0.3 if fill else 1, linewidth=1.6, label=name)
        if np.isfinite(solved) and edges[0] <= solved <= edges[-1]:
            axes.axvline(solved, color=GREEN, linestyle=":", linewidth=1.2, label="solved")
        axes.set_title("share of the episodes", pad=24)
        _linear(axes, "return of an episode")
        legend(axes)

    reading = "How much luck of the start there is: a wide heap says that single episodes tell little."
    return Chart("Returns of episodes", draw(paint, 240), reading)


def expected(said: Floats, earned: Floats, what: str) -> Chart:
    """What was expected at states (N,) and what was then earned, with the diagonal. what: `Q` or `V`."""
    rows = np.unique(np.linspace(0, len(said) - 1, min(len(said), MOST_DOTS)).astype(int))
    ends = [float(end) for end in np.quantile(np.concatenate([said, earned]), (0.002, 0.998))]
    room = 0.05 * (ends[1] - ends[0]) or 1.0
    gap, spread = float((said - earned).mean()), float(earned.std())

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot(ends, ends, color=MUTED, linewidth=1, linestyle="--")
        axes.scatter(earned[rows], said[rows], s=7, color=BLUE, alpha=0.35, linewidth=0)
        axes.set(xlim=(ends[0] - room, ends[1] + room), ylim=(ends[0] - room, ends[1] + room))
        axes.set_title(f"{what}: expected from there on", pad=8)
        _linear(axes, "earned from there on, discounted")

    reading = (
        f"Each dot is a state. On average it expected {plain(abs(gap))} {'more' if gap > 0 else 'less'} than it earned"
    )
    reading += f", where what was earned spreads by {plain(spread)}. " if spread else ". "
    reading += "Dots above the dashed line: it expects too much there, as Q-learning is prone to do."
    return Chart("Expected and earned", draw(paint, 300), reading)


def lengths(steps: Floats, limit: int) -> Chart:
    """Lengths of episodes (N,) in steps; limit: at which they are cut, 0 for none."""
    low, high = float(steps.min()), float(steps.max())
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.stairs(np.histogram(steps, edges)[0] / len(steps), edges, color=BLUE, linewidth=1.6)
        if limit and edges[0] <= limit <= edges[-1]:
            axes.axvline(limit, color=MUTED, linestyle=":", linewidth=1.2, label="time limit")
            legend(axes)
        axes.set_title("share of the episodes", pad=24 if limit else 8)
        _linear(axes, STEPS)

    reading = (
        "Whether long is good or bad is the world's to say; at the time limit an episode is cut, and has not failed."
    )
    return Chart("Lengths of episodes", draw(paint, 210), reading)


def actions(counts: Floats, names: Sequence[str]) -> Chart:
    """How often each action was chosen, (A,)."""
    order = np.argsort(-counts, kind="stable")[:MOST_BARS]
    shares = counts / max(1.0, counts.sum())

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.grid(visible=False)
        for row, k in zip(reversed(range(len(order))), order):
            axes.barh(row, shares[k], color=BLUE, height=0.62)
            axes.annotate(f"{100 * shares[k]:.0f} %", (shares[k], row), (4, 0), textcoords="offset points", va="center")
        labels = [short(names[k] if k < len(names) else f"action {k}", 16) for k in reversed(order)]
        axes.set(yticks=range(len(order)), yticklabels=labels, xlim=(0, 1.18 * float(shares.max())))
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)

    reading = "How often each action was chosen. One that fills everything: it has found one trick, or learned nothing."
    return Chart("What it does", draw(paint, 22 * len(order) + 30), reading)


def amounts(values: Floats) -> Chart:
    """What was set, (N, D): the middle nine tenths, the quartiles and the median of each amount."""
    shown = min(values.shape[1], MOST_BARS)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.grid(visible=False)
        for row, k in zip(reversed(range(shown)), range(shown)):
            low, first, middle, third, high = np.quantile(values[:, k], (0.05, 0.25, 0.5, 0.75, 0.95))
            axes.plot([low, high], [row, row], color=BLUE, linewidth=1.4, alpha=0.6)
            axes.plot([first, third], [row, row], color=BLUE, linewidth=7, alpha=0.45, solid_capstyle="butt")
            axes.plot([middle], [row], "|", color=BLUE, ms=11, mew=2)
        axes.set(
            yticks=range(shown), yticklabels=[f"amount {k}" for k in reversed(range(shown))], ylim=(-0.6, shown - 0.4)
        )
        _linear(axes, "what was set", vertical=False)

    reading = (
        "Bars hold the middle half of what was set, lines nine tenths. All at its bounds: it steers all or nothing."
    )
    return Chart("What it does", draw(paint, 26 * shown + 60), reading)


def episode(values: Floats, rewards: Floats, what: str) -> Chart:
    """What was expected before each step of an episode (T,), and its rewards (T,)."""
    steps = np.arange(len(values), dtype=float)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot(*thin(Line(steps, values)), color=BLUE, label=f"{what} expected")
        earned = np.flatnonzero(rewards)
        if 0 < len(earned) <= len(rewards) / 4:  # where most steps are rewarded, marks tell nothing
            for sign, colour in ((1, GREEN), (-1, ORANGE)):
                at = earned[np.sign(rewards[earned]) == sign]
                name = "reward" if sign > 0 else "loss"
                axes.plot(at, values[at], "o" if sign > 0 else "x", color=colour, ms=5, label=name if len(at) else "")
        _linear(axes, "step of the episode above")
        legend(axes)

    reading = (
        f"{what} is what it expects to earn from there on. It should fall before a failure is seen, and rise on the "
        "way to a reward: whoever expects the same all along has not understood the world."
    )
    return Chart("The episode, as it was expected", draw(paint, 220), reading)


def score(title: str, lines: Mapping[str, Line], reading: str, x_name: str) -> Chart:
    """Scores of one unit that a method tells of itself, by name."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (name, line), colour in zip(lines.items(), COLOURS, strict=False):
            axes.plot(*thin(line), color=colour, label=name, linewidth=1.6, marker=_marker(line))
        _linear(axes, x_name)
        if len(lines) > 1:
            legend(axes, 2)

    return Chart(title, draw(paint, 200), reading)


def thin(line: Line) -> tuple[Floats, Floats]:
    """As many points as a drawing can tell apart; no number beyond what can be drawn."""
    keep = np.unique(np.linspace(0, len(line.x) - 1, min(len(line.x), MOST_LINES)).astype(int))
    return line.x[keep], np.clip(line.y[keep], -1e30, 1e30)


def _linear(axes: Axes, x_name: str, vertical: bool = True) -> None:
    scale(axes, "x", log=False)
    if vertical:
        scale(axes, "y", log=False)
    axes.set_xlabel(x_name)


def _marker(line: Line) -> str:
    return "o" if len(line.x) == 1 else ""
