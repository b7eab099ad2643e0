"""How far ahead does a player look, and when is a great reward far away worth the walk?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure

from ..geometry.decisions import Tables, backup, value_iteration
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, MUTED, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Plate
from ._worlds import known

LOOKED_AT = (0.2, 0.5, 0.9, 0.99)  # discounts whose policies are drawn
EVEN = 1e-6  # a residual at which values have come to rest
QUICK = {"points": 9}


def line(near: int, far: int, reward: float) -> Tables:
    """A line with an end on either side of the start: 1 is paid `near` steps to the left, `reward` `far` to the right.

    Actions: 0 left, 1 right. States are counted from the left; the start is state `near`.
    """
    n = near + far + 1
    moves, rewards = torch.zeros(n, 2, n, dtype=torch.float64), torch.zeros(n, 2, dtype=torch.float64)
    for state in range(n):
        moves[state, 0, max(0, state - 1)] = moves[state, 1, min(n - 1, state + 1)] = 1
    rewards[1, 0], rewards[n - 2, 1] = 1, reward
    ends, start = torch.zeros(n, dtype=torch.bool), torch.zeros(n, dtype=torch.float64)
    ends[[0, -1]], start[near] = True, 1
    return Tables(moves, rewards, ends, start)


def run(
    near: Annotated[int, Limits(1, 100), About("steps to a reward of 1")] = 2,
    far: Annotated[int, Limits(1, 100), About("steps to the greater reward, the other way")] = 8,
    reward: Annotated[float, Limits(0.0), About("the greater reward")] = 10.0,
    points: Annotated[int, Limits(3, 1000), About("discounts that are tried")] = 50,
) -> Exhibit:
    """A line between a small reward and a great one, solved for many discounts; and the textbook's grid world."""
    tables = line(near, far, reward)
    gammas = np.linspace(0.02, 0.99, points)
    solutions = [value_iteration(tables, float(gamma)) for gamma in gammas]
    worth = np.array([_first(tables, s.values, g, near) for s, g in zip(solutions, gammas, strict=True)])
    turns = next((float(g) for g, (left, right) in zip(gammas, worth, strict=True) if right > left), None)
    rests = {gamma: value_iteration(known("room", slip=0.2).tables, gamma, EVEN).sweeps for gamma in (0.5, 0.9, 0.99)}
    found = known("russell_norvig")
    pictures = []
    for gamma in LOOKED_AT:
        values = value_iteration(found.tables, gamma).values
        pictures.append(found.drawn(backup(found.tables, values, gamma)))
    findings = [
        (
            f"A reward of {reward:g} that is {far} steps away beats one of 1 at {near} steps from a discount of "
            f"{_crossing(near, far, reward):.3f} on; solved, the player turns round "
            f"{'at none that was tried' if turns is None else f'between {_before(gammas, turns):.3f} and {turns:.3f}'}."
        ),
        (
            "A discount of g is a player that looks about 1 / (1 - g) steps ahead: 0.9 sees 10 steps, 0.99 sees 100. "
            "What is further away than that is hardly there."
        ),
        (
            "Looking far costs sweeps: values of a slippery room come to rest (to a millionth) after "
            + ", ".join(f"{n} at {gamma:g}" for gamma, n in rests.items())
            + "."
        ),
    ]
    plate = Plate(
        "What to do in the textbook's world",
        np.stack(pictures),
        "A step costs 0.04 and slips aside with chance 0.2. Away from the ends, who does not look far sees only what a "
        "step costs; who looks far goes for the goal from everywhere, the long way round where the short one is risky.",
        [f"discount {gamma:g}" for gamma in LOOKED_AT],
        large=True,
    )
    data = {
        "gammas": gammas.tolist(),
        "left": worth[:, 0].tolist(),
        "right": worth[:, 1].tolist(),
        "sweeps": list(rests.items()),
    }
    return Exhibit("The discount", findings, [_chart(gammas, worth, _crossing(near, far, reward))], [plate], data=data)


def _first(tables: Tables, values: torch.Tensor, gamma: float, start: int) -> tuple[float, float]:
    left, right = backup(tables, values, float(gamma))[start].tolist()
    return left, right


def _crossing(near: int, far: int, reward: float) -> float:
    """The discount at which both are worth the same: reward * g^(far - 1) = g^(near - 1)."""
    return float(reward ** (1 / (near - far))) if near != far and reward > 0 else float("nan")


def _before(gammas: np.ndarray[tuple[int], np.dtype[np.float64]], turns: float) -> float:
    return float(max([g for g in gammas if g < turns], default=0.0))


def _chart(
    gammas: np.ndarray[tuple[int], np.dtype[np.float64]],
    worth: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    crossing: float,
) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for column, (colour, name) in enumerate(((ORANGE, "to the near reward"), (BLUE, "to the far one"))):
            axes.plot(gammas, np.maximum(worth[:, column], 1e-6), color=colour, label=name)
        axes.axvline(crossing, color=MUTED, linestyle="--", linewidth=1, label="worth the same")
        scale(axes, "x", log=False)
        scale(axes, "y", log=True)
        axes.set(xlabel="discount", ylabel="worth of the first step", ylim=(1e-3, None))
        legend(axes, columns=2)

    reading = "Where the lines cross the player turns round. A step the wrong way is worth what it leads back to."
    return Chart("Near and small, or far and great", draw(paint, 280), reading)
