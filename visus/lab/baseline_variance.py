"""How much of a policy's gradient is noise, and what takes it away?"""

from collections.abc import Callable, Mapping
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..geometry.decisions import Tables, backup, followed, policy_evaluation
from ..losses.returns import discounted_returns
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, MUTED, ORANGE, PURPLE, draw, legend, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit, Table
from ._worlds import Walks, known, walks

STEPS = 150  # of an episode; hardly one is longer
SIZES = (1, 3, 10, 30, 100, 300)  # episodes whose gradients are averaged
QUICK = {"episodes": 300}

# What a step's log-probability is weighed by, (T, N), from the episodes, the policy's values (S,) and the discount.
Weights = Callable[[Walks, Tensor, float], Tensor]


def whole_return(walked: Walks, values: Tensor, gamma: float) -> Tensor:
    """Everything the episode earned, from its beginning (Williams, 1992)."""
    return discounted_returns(walked.rewards, gamma)[:1].expand_as(walked.rewards)


def to_go(walked: Walks, values: Tensor, gamma: float) -> Tensor:
    """What was earned from the step on: nothing before it can be its doing."""
    return _from_the_beginning(discounted_returns(walked.rewards, gamma), gamma)


def less_the_mean(walked: Walks, values: Tensor, gamma: float) -> Tensor:
    """The same, less its mean over all episodes at that step."""
    earned = discounted_returns(walked.rewards, gamma)
    n = walked.alive.sum(1, keepdim=True).clamp_min(1)
    return _from_the_beginning(earned - (earned * walked.alive).sum(1, keepdim=True) / n, gamma)


def less_the_value(walked: Walks, values: Tensor, gamma: float) -> Tensor:
    """The same, less what the state is worth."""
    return _from_the_beginning(discounted_returns(walked.rewards, gamma) - values[walked.states], gamma)


def advantage(walked: Walks, values: Tensor, gamma: float) -> Tensor:
    """One reward and the worth of where it led, less the worth of where it began."""
    return _from_the_beginning(walked.rewards + gamma * values[walked.reached] - values[walked.states], gamma)


def _from_the_beginning(weights: Tensor, gamma: float) -> Tensor:
    """What is earned at step t counts gamma^t at the start, where the return is to rise."""
    return weights * gamma ** torch.arange(len(weights), dtype=weights.dtype)[:, None]


WAYS: Mapping[str, Weights] = {
    "whole return": whole_return,
    "reward to go": to_go,
    "less the mean": less_the_mean,
    "less the state's value": less_the_value,
    "one-step advantage": advantage,
}
COLOURS = dict(zip(WAYS, (MUTED, PURPLE, ORANGE, BLUE, GREEN), strict=True))


def exact(tables: Tables, policy: Tensor, gamma: float) -> Tensor:
    """The gradient of the start's value with respect to the logits (S, A) of a policy.

    Source: Sutton et al., 2000, theorem 1, for a softmax at each state: d(s) pi(a|s) (Q(s, a) - V(s)).
    """
    values = policy_evaluation(tables, policy, gamma)
    moves, _ = followed(tables, policy)
    visits = torch.linalg.solve(torch.eye(len(values), dtype=values.dtype) - gamma * moves.T, tables.start)
    gained = backup(tables, values, gamma) - values[:, None]
    return (visits[:, None] * policy * gained).masked_fill(tables.ends[:, None], 0.0)


def estimates(walked: Walks, policy: Tensor, weights: Tensor) -> Tensor:
    """The gradient each episode gives, (N, S, A): the sum of weight * d log pi(a|s) / d logits."""
    S, A = policy.shape
    n = walked.states.shape[1]
    found = torch.zeros(n * S, A, dtype=policy.dtype)
    weighed = weights * walked.alive
    for states, actions, weight in zip(walked.states, walked.actions, weighed, strict=True):
        slope = torch.nn.functional.one_hot(actions, A) - policy[states]
        found.index_add_(0, torch.arange(n) * S + states, weight[:, None] * slope)
    return found.reshape(n, S, A)


def run(
    episodes: Annotated[int, Limits(100, 1_000_000), About("that are drawn")] = 3000,
    gamma: Annotated[float, Limits(0.0, 0.99), About("discount of a reward one step later")] = 0.95,
    seed: Annotated[int, Limits(0), About("of the policy and of the episodes")] = 0,
) -> Exhibit:
    """The textbook's grid world, a policy at random, and the exact gradient beside five estimates of it."""
    tables = known("russell_norvig").tables
    dice = torch.Generator().manual_seed(seed)
    policy = torch.randn(tables.rewards.shape, generator=dice, dtype=torch.float64).softmax(1)
    values = policy_evaluation(tables, policy, gamma)
    truth = exact(tables, policy, gamma)
    walked = walks(tables, policy, episodes, STEPS, dice)
    found = {name: estimates(walked, policy, way(walked, values, gamma)) for name, way in WAYS.items()}
    spread = {name: float(g.var(0).sum()) for name, g in found.items()}
    off = {name: float((g.mean(0) - truth).norm() / (g.var(0).sum() / episodes).sqrt()) for name, g in found.items()}
    length = float(truth.norm())
    names = list(WAYS)
    left = [100 * spread[name] / spread[names[0]] for name in names]
    findings = [
        (
            f"The exact gradient has length {length:.3f}. What one episode says of it, by its whole return, is off by "
            f"{spread[names[0]] ** 0.5:.2f} on average: {spread[names[0]] ** 0.5 / length:.0f} times as much."
        ),
        (
            f"Of that variance, {left[1]:.0f} % is left by counting only what comes after a step, {left[2]:.1f} % by "
            f"taking off the mean as well, {left[3]:.1f} % by taking off the value of each state, {left[4]:.1f} % by "
            "looking one step ahead only."
        ),
        (
            "None of them is wrong on average: over all episodes each is off by what chance explains, "
            + ", ".join(f"{value:.1f}" for value in off.values())
            + " standard errors. The last needs the true values; with learned ones it is wrong on average, too."
        ),
        (f"One step's advantages of 100 episodes tell as much as the whole returns of {10000 / left[4]:,.0f}."),
    ]
    rows = [[name, f"{spread[name]:.3f}", f"{spread[name] ** 0.5 / length:.1f}", f"{off[name]:.1f}"] for name in WAYS]
    table = Table(
        "What a log-probability is weighed by", ["weight", "variance", "noise to signal", "bias, standard errors"], rows
    )
    charts = [_bars(spread), _likeness({n: _alike(g, truth) for n, g in found.items()})]
    return Exhibit(
        "A noisy gradient", findings, charts, tables=[table], data={"variance": spread, "bias": off, "length": length}
    )


def _alike(found: Tensor, truth: Tensor) -> list[float]:
    """The mean cosine between the truth and the mean of so many episodes' gradients."""
    cosines = []
    for size in (s for s in SIZES if s <= len(found)):
        means = found[: len(found) // size * size].reshape(-1, size, truth.numel()).mean(1)
        cosines.append(float(torch.cosine_similarity(means, truth.reshape(1, -1)).mean()))
    return cosines


def _bars(spread: Mapping[str, float]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        places = np.arange(len(spread))[::-1]
        axes.barh(places, list(spread.values()), color=list(COLOURS.values()), height=0.6)
        axes.set_yticks(places, list(spread))
        axes.grid(visible=False)
        scale(axes, "x", log=False, ticks=4)
        axes.set(xlabel="variance of one episode's gradient")

    return Chart("How much is noise", draw(paint, 240), "The sum of the variances of all its components.")


def _likeness(cosines: Mapping[str, list[float]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, series in cosines.items():
            axes.plot(SIZES[: len(series)], series, "o-", color=COLOURS[name], label=name, linewidth=1.2, markersize=4)
        scale(axes, "x", log=True)
        scale(axes, "y", log=False)
        axes.set(xlabel="episodes averaged", ylabel="cosine with the exact gradient", ylim=(0, 1))
        legend(axes, columns=2)

    return Chart("Where it points", draw(paint, 300), "1 is the true direction, 0 any direction.")
