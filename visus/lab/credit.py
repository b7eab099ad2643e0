"""How far should one look to tell what an action was worth, if one's values are wrong?"""

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from ..geometry.decisions import backup, policy_evaluation
from ..losses.returns import lambda_advantages, n_step_returns
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, INK, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit
from ._worlds import Walks, known, walks

STEPS = 150  # of an episode; hardly one is longer
LAMBDAS = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
AHEAD = (1, 2, 3, 5, 8, 12, 20, 40)
QUICK = {"episodes": 300}


class Error(NamedTuple):
    """Mean squared error of estimated action values, in two parts: wrong on average, and scattered."""

    bias: float
    variance: float

    @property
    def whole(self) -> float:
        return self.bias + self.variance


def parts(estimates: Tensor, states: Tensor, actions: Tensor, truth: Tensor) -> Error:
    """Of estimates (N,) of truth (S, A) at states and actions (N,): bias squared and variance, weighed by visits."""
    S, A = truth.shape
    cell = states * A + actions
    visits = torch.bincount(cell, minlength=S * A).double()
    seen = visits > 1  # one alone has no scatter
    mean = torch.zeros_like(visits).index_add_(0, cell, estimates) / visits.clamp_min(1)
    scatter = torch.zeros_like(visits).index_add_(0, cell, (estimates - mean[cell]).square()) / visits.sub(1).clamp_min(
        1
    )
    share = visits[seen] / visits[seen].sum()
    # the mean of n scatters, too: that part of its square is no bias
    bias = (mean - truth.reshape(-1)).square() - scatter / visits.clamp_min(1)
    return Error(max(0.0, float(share @ bias[seen])), float(share @ scatter[seen]))


def run(
    episodes: Annotated[int, Limits(100, 1_000_000), About("that are drawn, each from a state of its own")] = 5000,
    wrong: Annotated[float, Limits(0.0), About("deviation of the values' errors, of that of the values")] = 1.0,
    gamma: Annotated[float, Limits(0.0, 0.99), About("discount of a reward one step later")] = 0.95,
    seed: Annotated[int, Limits(0), About("of the policy, of the values' errors and of the episodes")] = 0,
) -> Exhibit:
    """What first steps in the textbook's grid world were worth, by n rewards or by all of them weighed by lambda."""
    tables = known("russell_norvig").tables
    dice = torch.Generator().manual_seed(seed)
    policy = torch.randn(tables.rewards.shape, generator=dice, dtype=torch.float64).softmax(1)
    values = policy_evaluation(tables, policy, gamma)
    truth = backup(tables, values, gamma)
    inside = ~tables.ends
    errors = torch.randn(len(values), generator=dice, dtype=torch.float64) * inside
    held = values + wrong * values[inside].std() * errors
    anywhere = tables.__class__(tables.moves, tables.rewards, tables.ends, inside / inside.sum())
    walked = walks(anywhere, policy, episodes, STEPS, dice)
    by_lambda = [_by_lambda(walked, held, tables.ends, gamma, weight) for weight in LAMBDAS]
    by_steps = [_by_steps(walked, held, tables.ends, gamma, n) for n in AHEAD]
    first = (walked.states[0], walked.actions[0], truth)
    told = {
        "lambda": [parts(found, *first) for found in by_lambda],
        "steps": [parts(found, *first) for found in by_steps],
    }
    best = {name: min(range(len(series)), key=lambda k: series[k].whole) for name, series in told.items()}
    ends = told["lambda"]
    findings = [
        (
            f"Values are off by {wrong:g} times their spread. One reward and the value of where it led (lambda 0) "
            f"scatters by {ends[0].variance:.3f} only, and is wrong on average by {ends[0].bias:.3f} (squared): it "
            "takes the values' word."
        ),
        (
            f"All that was earned (lambda 1) scatters by {ends[-1].variance:.3f} and is right on average "
            f"({ends[-1].bias:.3f}): it believes nothing but what happened."
        ),
        (
            f"The least error of both together is {ends[best['lambda']].whole:.3f} at lambda "
            f"{LAMBDAS[best['lambda']]:g}, against {ends[0].whole:.3f} at 0 and {ends[-1].whole:.3f} at 1; by steps, "
            f"{told['steps'][best['steps']].whole:.3f} at {AHEAD[best['steps']]}."
        ),
    ]
    data = {name: [list(error) for error in series] for name, series in told.items()}
    charts = [
        _chart("Weighed by lambda", "lambda", LAMBDAS, told["lambda"]),
        _chart("By n steps", "rewards that are summed", AHEAD, told["steps"], log=True),
    ]
    return Exhibit("Whom to credit", findings, charts, data={**data, "best": best})


def _by_lambda(walked: Walks, held: Tensor, ends: Tensor, gamma: float, weight: float) -> Tensor:
    """Lambda-returns of first steps, (N,)."""
    return lambda_advantages(walked.rewards, *_seen(walked, held, ends), gamma, weight).returns[0]


def _by_steps(walked: Walks, held: Tensor, ends: Tensor, gamma: float, n: int) -> Tensor:
    """n rewards and the value of where they led, of first steps, (N,)."""
    _, reached, ended, over = _seen(walked, held, ends)
    return n_step_returns(walked.rewards, reached, ended, over, gamma, n)[0]


def _seen(walked: Walks, held: Tensor, ends: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Values before each step and after it, whether it ended the episode, and whether another begins: none does."""
    ended = ends[walked.reached]
    return held[walked.states], held[walked.reached], ended, ended


def _chart(title: str, what: str, over: Sequence[float], errors: Sequence[Error], log: bool = False) -> Chart:
    lines: Mapping[str, tuple[str, NDArray[np.float64]]] = {
        "bias, squared": (ORANGE, np.array([error.bias for error in errors])),
        "variance": (BLUE, np.array([error.variance for error in errors])),
        "both": (INK, np.array([error.whole for error in errors])),
    }

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, (colour, series) in lines.items():
            axes.plot(over, series, "o-", color=colour, label=name, markersize=4)
        scale(axes, "x", log=log)
        scale(axes, "y", log=False)
        axes.set(xlabel=what, ylabel="squared error of an action value", ylim=(0, None))
        legend(axes)

    return Chart(
        title, draw(paint, 280), "Further to the right more is taken from what happened, less from the values."
    )
