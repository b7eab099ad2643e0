"""Learned by acting: five seeds a method, each tested on 100 fresh episodes, within the steps others publish for it.

`acting.py [SEED ...] [cases=dqn_cartpole,ppo_cartpole,...] [SETTING=VALUE ...]`: `visus train`, recorder and doctor on,
one process of one thread a run, two side by side. What is tested are the weights of the best evaluation, on episodes
that neither training nor evaluation has seen. Every run is kept, and the table shows all that are.

Budgets are those of rl-baselines3-zoo's tuned settings (hyperparams/*.yml), and of CleanRL's defaults (500,000) for
REINFORCE, which neither of them has. Solved is CartPole-v1 from 475 on, LunarLander-v3 from 200, Acrobot-v1 from -100.
"""

import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from threading import Lock
from typing import Any

from _claim import RESULTS, facts, keep
from _command import named, trained
from rich.console import Console
from rich.table import Table

import visus
from visus.runs.reader import Run

EPISODES, SEEDS, SIDE_BY_SIDE = 100, (0, 1, 2, 3, 4), 2
MEASURED = RESULTS / "acting_runs.json"


@dataclass(frozen=True)
class Case:
    """solved: the mean return to be reached. budget: steps of the world within which, of all copies together."""

    solved: float
    budget: int


CASES = {
    "dqn_cartpole": Case(475, 50_000),
    "reinforce_cartpole": Case(475, 500_000),
    "a2c_cartpole": Case(475, 500_000),
    "ppo_cartpole": Case(475, 100_000),
    "dqn_acrobot": Case(-100, 100_000),
    "ppo_acrobot": Case(-100, 1_000_000),
    "dqn_lunar_lander": Case(200, 100_000),
    "ppo_lunar_lander": Case(200, 1_000_000),
}


def tested(case: str, seed: int, settings: Sequence[str]) -> dict[str, Any]:
    """Train once, by the command, and test."""
    words = [case, f"seed={seed}", *settings]
    with trained(*words) as (folder, seconds):
        scores = [event["scores"] for event in Run(folder).events("scores")]
        played = visus.load(folder).play(EPISODES)
    solved = CASES[case].solved
    totals = [episode.total for episode in played]
    return {
        "case": case,
        "seed": seed,
        "words": words,
        "mean": sum(totals) / len(totals),
        "totals": totals,
        "steps": scores[-1]["env_steps"],
        "first": next((s["env_steps"] for s in scores if s.get("train_return", -1e9) >= solved), None),
        "curve": [[s["env_steps"], s["validation_return"], s.get("train_return")] for s in scores],
        "seconds": seconds,
    }


def shown(runs: Sequence[dict[str, Any]]) -> Table:
    """Median and range over seeds of every case that was run."""
    table = Table("case", "seeds", "asked", "test mean: median (range)", "reach it", "steps", "of", "minutes", box=None)
    for name, case in CASES.items():
        mine = [run for run in runs if run["case"] == name]
        if not mine:
            continue
        means = sorted(run["mean"] for run in mine)
        table.add_row(
            name,
            str(len(mine)),
            f"{case.solved:g}",
            f"{median(means):.1f} ({means[0]:.1f} to {means[-1]:.1f})",
            f"{sum(mean >= case.solved for mean in means)} of {len(means)}",
            f"{max(run['steps'] for run in mine):,.0f}",
            f"{case.budget:,}",
            f"{median(run['seconds'] for run in mine) / 60:.1f}",
        )
    return table


def drawn(runs: Sequence[dict[str, Any]], path: Path) -> None:
    """Return of the evaluations by steps of the world: the median over seeds, and from the lowest to the highest."""
    import matplotlib.pyplot as plt
    import numpy as np

    names = [name for name in CASES if any(run["case"] == name for run in runs)]
    figure, axes = plt.subplots(1, len(names), figsize=(2.6 * len(names), 2.4), layout="constrained", squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        curves = [run["curve"] for run in runs if run["case"] == name]
        shortest = min(map(len, curves))  # a seed that lost its last evaluation to a rounding
        steps = [point[0] for point in curves[0][:shortest]]
        returns = np.array([[point[1] for point in curve[:shortest]] for curve in curves])
        axis.fill_between(steps, returns.min(0), returns.max(0), color="#0a63a6", alpha=0.2, linewidth=0)
        axis.plot(steps, np.median(returns, 0), color="#0a63a6")
        axis.axhline(CASES[name].solved, color="grey", linestyle=":", linewidth=1)
        axis.set_title(name.replace("_", " "), fontsize=9)
        axis.ticklabel_format(axis="x", style="sci", scilimits=(3, 3))
        axis.tick_params(labelsize=7)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0][0].set_ylabel("return of an evaluation", fontsize=8)
    figure.savefig(path, dpi=110)


def main(words: Sequence[str]) -> int:
    """Run what was asked for; 0 if every median that is kept reaches what is asked, within its budget."""
    os.environ["OMP_NUM_THREADS"] = "1"
    seeds, cases, settings = named(words, "cases", [*CASES])
    seeds = seeds if any(word.isdigit() for word in words) else [*SEEDS]
    runs: list[dict[str, Any]] = json.loads(MEASURED.read_text())["runs"] if MEASURED.is_file() else []
    done = {tuple(run["words"]) for run in runs}
    todo = [(case, seed) for case in cases for seed in seeds if (case, f"seed={seed}", *settings) not in done]
    lock = Lock()

    def one(job: tuple[str, int]) -> None:
        found = tested(*job, settings)
        with lock:
            runs.append(found)
            keep(MEASURED, {"runs": runs, **facts()})
        print(f"{job[0]} seed {job[1]}: {found['mean']:.1f} in {found['seconds']:.0f} s", flush=True)

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(one, todo))
    Console(width=140, highlight=False).print(shown(runs))
    drawn(runs, MEASURED.with_suffix(".png"))
    held = [
        median(run["mean"] for run in mine) >= case.solved and max(run["steps"] for run in mine) <= case.budget
        for name, case in CASES.items()
        if (mine := [run for run in runs if run["case"] == name])
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
