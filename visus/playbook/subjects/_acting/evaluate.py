"""Let a finished player play in a world; the use is counted."""

from pathlib import Path

import numpy as np

from ....metrics.intervals import bootstrap_mean
from ....recipes._acting import TESTED
from ....runs.reader import RUN, Run
from ....ship.kinds.acting import Agent
from ....ship.opened import opened
from ..._acting_evidence import drawn
from ..._session import Show
from .._evaluation import Evaluation, Figures, counted, one_view
from .ground import Ground, returns
from .test import MEASURE, said_of


def evaluate(folder: Path, source: str, show: Show, views: str = "one") -> Evaluation:
    """The mean return of 100 episodes. source: a world, and its options behind a blank: 'grid_world slip=0.1'.

    The world that the player learned in has the options it learned with, but for those that are named. Raises
    ValueError for a world that shows or takes something else than that one.
    """
    one_view(views, "a player")
    agent: Agent = opened(folder)
    name, _, options = source.partition(" ")
    ground = Ground(
        name,
        ",".join(filter(None, [agent.options if name == agent.world else "", options.strip()])),
        int(Run(folder).info["seed"]) if (folder / RUN).is_file() else 0,
    )

    def tell(done: int, of: int, steps: int) -> None:
        show.progress("evaluate", done, of, "episodes")

    played = agent.play(
        ground.episodes, ground.seed, drawn(folder), name, options.strip(), stream=TESTED, progress=tell
    )
    ours = returns(played)
    low, high = bootstrap_mean(ours)
    figures = Figures(MEASURE, float(ours.mean()), low, high, len(played), said_of(played, low, high))
    order = np.argsort(ours, kind="stable").tolist()
    places = {"worst": order[0], "median": order[len(order) // 2], "best": order[-1]}
    rows = [[name, f"{ours[at]:.6g}", f"{played[at].length:,}"] for name, at in places.items()]
    return counted(folder, source, figures, ground.split.hash, [], [["episode", "return", "steps"], *rows])
