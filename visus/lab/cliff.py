"""Does learning what would be best cost more, while one still explores, than learning what one really does?"""

from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..engine.seed import own_randomness
from ..recipes import q_learning
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, ORANGE, draw, legend, scale
from ..report.figures.chart import Chart
from ..tasks.learn_table import METHODS, LearnTable, Name
from ._exhibit import Exhibit, Plate
from ._worlds import known

NAMES = {"q_learning": "Q-learning", "sarsa": "SARSA", "expected_sarsa": "expected SARSA"}
COLOURS = {"q_learning": ORANGE, "sarsa": BLUE, "expected_sarsa": GREEN}
WINDOW = 20  # episodes whose mean is drawn
QUICK = {"episodes": 30, "runs": 1}


def run(
    episodes: Annotated[int, Limits(10, 100_000), About("of each run")] = 300,
    runs: Annotated[int, Limits(1, 1000), About("with seeds of their own, averaged")] = 5,
    epsilon: Annotated[float, Limits(0.0, 1.0), About("chance of an action at random, all the time")] = 0.1,
    lr: Annotated[float, Limits(1e-6, 1.0), About("share of the way to a new value")] = 0.5,
) -> Exhibit:
    """Along a cliff the shortest way is at its edge. Source: Sutton and Barto, 2018, example 6.6."""
    returns: dict[str, NDArray[np.float64]] = {}
    tables: dict[str, torch.Tensor] = {}
    greedy: dict[str, float] = {}
    for method in METHODS:
        told = [_learned(method, episodes, epsilon, lr, seed) for seed in range(runs)]
        returns[method] = np.array([earned for _, earned in told])
        tables[method] = told[0][0].model.q  # type: ignore[assignment]
        greedy[method] = float(np.mean([task.evaluate()["validation_return"] for task, _ in told]))
    late = {method: float(series[:, -max(1, episodes // 3) :].mean()) for method, series in returns.items()}
    findings = [
        (
            f"While they learn, with a step in {1 / max(epsilon, 1e-9):.0f} at random, Q-learning earns "
            f"{late['q_learning']:.1f} an episode in the last third, SARSA {late['sarsa']:.1f}, expected SARSA "
            f"{late['expected_sarsa']:.1f}."
        ),
        (
            f"Without random steps the best way earns -13; Q-learning's earns {greedy['q_learning']:.1f}, SARSA's "
            f"{greedy['sarsa']:.1f}, expected SARSA's {greedy['expected_sarsa']:.1f}."
        ),
        (
            "Q-learning learns what the best way is worth to one who never stumbles, and so walks at the edge; SARSA "
            "learns what its own way is worth, stumbling included, and keeps away."
        ),
    ]
    found = known("cliff")
    plate = Plate(
        "Values and the best steps by them",
        np.stack([found.drawn(q) for q in tables.values()]),
        "From the start, bottom left, follow the arrows to the goal, bottom right; C is the cliff.",
        [NAMES[method] for method in tables],
        large=True,
    )
    return Exhibit(
        "Along the cliff", findings, [_chart(returns)], [plate], data={"late": late, "greedy": greedy, "runs": runs}
    )


def _learned(
    method: Name, episodes: int, epsilon: float, lr: float, seed: int
) -> tuple[LearnTable, NDArray[np.float64]]:
    """A table after so many episodes, and what each of them earned."""
    with own_randomness(seed):
        task = q_learning.build(
            options="map=cliff,limit=1000", method=method, lr=lr, schedule="constant", epsilon=epsilon,
            epsilon_end=epsilon, gamma=1.0, episodes=1, seed=seed,
        )  # fmt: skip
        earned: list[float] = []
        for batch in task.batches():
            task.improve(batch)
            if task.finished > len(earned):
                earned.append(task.recent[-1].total)
            if len(earned) == episodes:
                break
    return task, np.array(earned)


def _chart(returns: dict[str, NDArray[np.float64]]) -> Chart:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for method, series in returns.items():
            mean = series.mean(0)
            window = min(WINDOW, len(mean))
            smooth = np.convolve(mean, np.ones(window) / window, "valid")
            axes.plot(np.arange(window, len(mean) + 1), smooth, color=COLOURS[method], label=NAMES[method])
        scale(axes, "x", log=False)
        scale(axes, "y", log=False)
        axes.set(xlabel="episode", ylabel=f"return, mean of {WINDOW}", ylim=(-150, 0))
        legend(axes)

    reading = "Returns while learning. Every fall costs 100, and random steps fall only from the edge."
    return Chart("What is earned while learning", draw(paint, 280), reading)
