"""Find a learning rate: raise it step by step on a copy until the loss blows up, and read off where it fell fastest."""

import copy
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..engine.objective import Objective
from ..engine.probe import fewest_threads
from ..engine.schedules import constant
from ..engine.seed import own_randomness
from ..engine.task import Task
from ..recipes import _descent, _form, classify
from ..report.exhibit import Exhibit, write
from ..report.figures.rate import rate as picture
from ._session import Show, Silent

LOWEST, HIGHEST, STEPS, FEWEST_STEPS = 1e-6, 10.0, 150, 20
BLOWN_UP = 4.0  # times its best: a loss so high does not come back
SMOOTH_STEPS = 3.0  # deviation of the bell that averages over neighbouring rates
FALL = 0.05  # share of its start by which a loss must fall for a rate to be called good
# The proposal stays so far below the rate that blows up. A tenth is often advised; tried once on digits (linear, mlp,
# small_conv, six optimizers) a third trained better by about 2 points in the few cases where the two differed.
SAFETY = 3.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """What a range test saw. losses: (seeds, n) over rates (n,), NaN where a seed had stopped.

    curve: mean over seeds, smoothed (n,). start: the mean loss before any step. steepest: the rate at which the curve
    fell fastest per factor of the rate. unstable: the lowest rate at which a seed blew up; None if none did. rate: the
    proposal, None if no rate lowered the loss; reason: why.
    """

    rates: Floats
    losses: Floats
    curve: Floats
    start: float
    steepest: float
    unstable: float | None
    rate: float | None
    reason: str


def sweep(task: Task, rates: Sequence[float], tell: Callable[[float], None] = lambda share: None) -> list[float]:
    """The loss before the first step and after a step at each rate in turn, until it blows up or is not finite.

    Works on a copy: `task`, its weights and torch's random state stay as they are. tell: hears the share that is done.
    """
    patient = copy.deepcopy(task).train()
    objectives = _descending(patient)
    losses: list[float] = []
    with own_randomness(0):
        for objective in objectives:
            objective.schedule, objective.improvements = constant, 0
        for rate, batch in zip([*rates, rates[-1]], islice(patient.batches(), len(rates) + 1), strict=True):
            losses.append(_step(objectives, batch, rate))
            tell(len(losses) / (len(rates) + 1))
            if _has_blown_up(losses):
                break
    return losses


class RangeTest:
    """The range test of a recipe with the user's settings, averaged over its seed and the next ones.

    steps: rates from `lowest` to `highest`, one training step each. Raises ValueError for what makes no sense.
    """

    def __init__(
        self,
        build: Callable[..., Task],
        settings: Mapping[str, Any],
        seeds: int = 3,
        steps: int = STEPS,
        lowest: float = LOWEST,
        highest: float = HIGHEST,
    ) -> None:
        self.build, self.settings, self.seeds = build, dict(settings), seeds
        _refuse(build, settings)
        if seeds < 1 or steps < FEWEST_STEPS:
            raise ValueError(
                f"a range test needs at least 1 seed and {FEWEST_STEPS} steps; got seeds={seeds}, steps={steps}"
            )
        if not 0 < lowest < highest:
            raise ValueError(f"the rate rises from above 0 to a higher one; got {lowest:g} to {highest:g}")
        self.rates: list[float] = np.geomspace(lowest, highest, steps).tolist()

    def run(self, show: Show | None = None) -> Found:
        """Make the test. Raises ValueError for a model that does not descend."""
        show, settings, found = show or Silent(), self.settings, []
        threads = torch.get_num_threads()
        try:
            for seed in range(self.seeds):
                show.progress("rate", seed, self.seeds, "building the task")
                task = self.build(**{**settings, "seed": settings.get("seed", 0) + seed})
                if seed == 0 and _descending(task):
                    torch.set_num_threads(fewest_threads(task))
                    # measured once: another arithmetic for the next seed would be another experiment
                    settings = {**settings, "arithmetic": str(task.precision)}
                found.append(sweep(task, self.rates, _tell(show, seed, self.seeds)))
        finally:
            torch.set_num_threads(threads)
        return read(self.rates, found)


def read(rates: Iterable[float], sweeps: Sequence[Sequence[float]]) -> Found:
    """Judge sweeps, each the losses before the first step and after every step until it stopped."""
    grid = np.asarray(list(rates), dtype=np.float64)
    losses = np.full((len(sweeps), len(grid)), np.nan)
    for row, seen in zip(losses, sweeps, strict=True):
        row[: len(seen) - 1] = seen[1:]
    losses[~np.isfinite(losses)] = np.nan
    start = float(np.mean([seen[0] for seen in sweeps]))
    whole = max(1, min(int(np.isfinite(row).sum()) for row in losses))  # rates that every seed survived
    curve = smoothed(np.nan_to_num(losses[:, :whole].mean(0), nan=start))
    unstable = _unstable(grid, sweeps, curve, start)
    slopes = np.gradient(curve, np.log(grid[:whole])) if whole > 1 else np.zeros(1)
    steepest = float(grid[slopes.argmin()])
    rate, reason = _propose(steepest, unstable, curve, start, float(grid[-1]))
    return Found(grid, losses, curve, start, steepest, unstable, rate, reason)


def smoothed(values: Floats) -> Floats:
    """A weighted mean over neighbours (n,), whose weights at the ends are those that are left."""
    places = np.arange(len(values))
    bell = np.exp(-0.5 * ((places[:, None] - places) / SMOOTH_STEPS) ** 2)
    mean: Floats = (bell @ values) / bell.sum(1)
    return mean


def _step(objectives: Sequence[Objective], batch: Any, rate: float) -> float:
    losses = []
    for objective in objectives:
        objective.lr = rate
        losses.append(float(objective.improve(batch).loss))
    return sum(losses)


def _has_blown_up(losses: Sequence[float]) -> bool:
    """Not finite, or far above its best, and not merely because a loss near 0 shakes."""
    last = losses[-3:]
    if not math.isfinite(last[-1]):
        return True
    return len(losses) > len(last) and min(last) > max(BLOWN_UP * min(losses), losses[0])


def _unstable(rates: Floats, sweeps: Sequence[Sequence[float]], curve: Floats, start: float) -> float | None:
    """The lowest rate at which a seed stopped, or, if earlier, from which the curve has lost half of what it won."""
    stopped = [float(rates[len(seen) - 2]) for seen in sweeps if len(seen) <= len(rates) or not math.isfinite(seen[-1])]
    lowest = int(curve.argmin())
    lost = np.flatnonzero(curve[lowest:] > (curve[lowest] + start) / 2)
    if len(lost) and start > curve[lowest]:
        stopped.append(float(rates[lowest + lost[0]]))
    return min(stopped, default=None)


def _propose(
    steepest: float, unstable: float | None, curve: Floats, start: float, highest: float
) -> tuple[float | None, str]:
    if curve.min() > (1 - FALL) * start:
        return None, "at no rate did the loss fall: see what `visus check` finds, or take more steps"
    if unstable is None:
        return _round(steepest), f"the loss falls fastest at {steepest:.2g}, and nothing blew up to {highest:g}"
    careful = unstable / SAFETY
    if steepest <= careful:
        return _round(
            steepest
        ), f"the loss falls fastest at {steepest:.2g}, well below {unstable:.2g}, where it blows up"
    return _round(
        careful
    ), f"the loss falls fastest at {steepest:.2g}, but it blows up at {unstable:.2g}: a third of that"


def _round(rate: float) -> float:
    """To one digit, as people write rates: a range test knows no more."""
    return float(f"{rate:.0e}")


def _descending(task: Task) -> list[Objective]:
    found = [objective for objective in task.objectives if isinstance(objective, Objective)]
    if not found:
        raise ValueError("this model learns by remembering and has no learning rate")
    return found


def _refuse(build: Callable[..., Task], settings: Mapping[str, Any]) -> None:
    form = _form.fields(build, {name: str(value) for name, value in settings.items()})
    if "lr" in settings:
        raise ValueError("lr is what is looked for; leave it out")
    if "features" in form:  # of pictures
        classify.refuse_idle(settings.get("model", form["model"].default), settings)
    if settings.get("optimizer", form["optimizer"].default if "optimizer" in form else "") == _descent.FULL_BATCH:
        raise ValueError("lbfgs finds the length of each step by itself; there is no rate to look for")


def _tell(show: Show, seed: int, seeds: int) -> Callable[[float], None]:
    return lambda share: show.progress("rate", seed + share, seeds, f"seed {seed}")


def sentence(found: Found) -> str:
    """What is proposed, and why."""
    return (
        f"take lr={found.rate:g}: {found.reason}" if found.rate is not None else f"no rate to propose: {found.reason}"
    )


def write_page(name: str, test: RangeTest, found: Found, folder: Path) -> Path:
    """Write folder/rate-NAME.html with the picture, and the numbers beside it; returns the page's path."""
    lowest = float(found.rates[found.curve.argmin()])
    before, best = f"was {found.start:.3f} before the first step", f"at best {found.curve.min():.3f}"
    findings = [
        sentence(found)[:1].upper() + sentence(found)[1:] + ".",
        f"The loss, averaged over {len(found.losses)} seeds, {before} and {best}, at a rate of {lowest:.2g}.",
        "Another batch size, optimizer, weight decay or network has another rate.",
        "The proposal is meant as the highest rate of a schedule that warms up and comes down.",
    ]
    chart = picture(found.rates, found.losses, found.curve, found.steepest, found.unstable, found.rate)
    numbers = {
        "rate": found.rate,
        "steepest": found.steepest,
        "unstable": found.unstable,
        "rates": found.rates.tolist(),
        "losses": [[value if math.isfinite(value) else None for value in row] for row in found.losses.tolist()],
    }
    exhibit = Exhibit("Learning rate range test", findings, [chart], data=numbers)
    return write(f"rate-{name}", "How high may the learning rate be?", test.settings, exhibit, folder, "learning rate")
