"""A player: what it earns and earned while it learned, what it expected, what it does, and an episode to be seen."""

import base64
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...runs.reader import EVENTS, RUN, Run
from .. import sheets
from ..figures import acting as figures
from ..figures.chart import Chart, Floats, Line
from ..record import Event, Record, as_array, mapping, number, sequence
from ..wording import measured, plain

FACTS, TENSORS = "acting", "acting."
SEEDS = 20  # runs of other seeds that are read
MOST_EPOCHS = 6  # rows of pictures that were kept while it learned
SAME = ("recipe", "learns", "source")  # besides settings: what runs that differ in the seed alone have in common
IDLE = ("seed", "arithmetic", "device")  # settings that may differ all the same
DRAWN = ("validation_return", "validation_return_spread", "train_return", "validation_length", "env_steps")
IN_A_ROW = 4  # pictures of one evaluation
STARTS = "What an episode is worth before it begins"
STARTS_READING = (
    "What the values say of it (start), what its policy truly earns (policy) and what the best one would (best), "
    "discounted and computed from the tables of the world. The first two meet where values are right."
)
GAPS = "Value expected, and beyond what was earned"
GAPS_READING = (
    "What it expects to earn at states of its evaluations, on average, and by how much more that is than it then "
    "earned, both discounted. A gap that grows is over-estimation: the values run away from the truth."
)
LENGTH = ("Length of the evaluated episodes", "In steps, on average.")
SCORES = {  # what methods tell of themselves, and how it is read
    "epsilon": ("How often it tries a random action", "It should come down, and not at once."),
    "entropy": (
        "Entropy of its choices, in nats",
        "How undecided it is. Falling slowly is healthy; near 0 while little is earned, it has stopped to try.",
    ),
    "explained_variance": (
        "Explained variance of the returns",
        "How much of what is earned its values foresee: 1 all of it, 0 nothing, below 0 worse than nothing.",
    ),
    "approx_kl": (
        "How far an improvement moves the policy",
        "KL divergence, estimated. Up to about 0.05 is usual; peaks are steps that unlearn.",
    ),
    "clip_fraction": ("Share of clipped ratios", "Up to about 0.3 is usual; far more: the steps are too long."),
    "value_loss": ("Loss of the values", "Squared error of what was expected; it rises when more is earned."),
    "bellman_residual": ("How far values contradict each other", "At 0 they solve Bellman's equation."),
}
READING = "As the method tells it of itself, at each evaluation."

Tensors = NDArray[Any]


def gather(run: Run, record: Record) -> dict[str, Any] | None:
    """What the page shows; None if the run is of another kind, or has neither learned nor played."""
    if record.subject != FACTS:
        return None
    facts, line = mapping(record.facts.get(FACTS)), _line(record.of("scores"), "validation_return")
    if not facts and line is None:
        return None
    ours, at_random = _kept(record, "returns"), _kept(record, "random.returns")
    solved, by_chance = number(facts.get("solved")), _mean(at_random)
    others = siblings(run, record)
    told = {"charts": _charts(record, facts, ours, at_random), "curves": _scores(record)}
    if line is not None:
        lines = [found for found in others.values() if found is not None]
        training = _line(record.of("scores"), "train_return")
        chart = figures.learning(line, training, lines, by_chance, solved, _x_name(record))
        told["curves"] = [chart, *told["curves"]]
    return {
        "lead": _lead(facts),
        "values": _values(record, facts, ours, by_chance, solved),
        "rivals": _rivals(record),
        "seeds": _seeds(line, others),
        "film": _film(record, facts),
        "pictures": _pictures(run, record),
        **told,
    }


def _lead(facts: dict[str, Any]) -> str:
    if not facts:
        return "What was earned while it learned."
    options = f" ({facts['options']})" if facts.get("options") else ""
    how = "its actions drawn as in training" if facts.get("drawn") else "by the actions it holds best"
    which = "the episodes of the one test" if facts.get("part") == "test" else "fresh episodes, which are not a test"
    kind = str(facts.get("player")).replace("_", " ").capitalize()
    return f"{kind} in {facts.get('world')}{options}, {how}: {which}."


def _values(record: Record, facts: dict[str, Any], ours: Floats, by_chance: float, solved: float) -> list[Any]:
    """(figure, what it is, a small line below)."""
    if not len(ours):
        return []
    test = record.detail("test")
    low, high = number(test.get("low")), number(test.get("high"))
    ends = f"95 % interval {plain(low)} to {plain(high)}" if np.isfinite([low, high]).all() else ""
    rows = [(plain(_mean(ours)), f"mean return of {len(ours)} episodes", ends)]
    if math.isfinite(by_chance):
        rows.append((plain(by_chance), "by random actions", ""))
    if math.isfinite(solved):
        word = "reached" if _mean(ours) >= solved else "not reached"
        rows.append((plain(solved), "is held to solve it", f"{word} in these episodes"))
    rows.append((f"{plain(float(ours.min()))} to {plain(float(ours.max()))}", "worst and best episode", ""))
    lengths, cut = _kept(record, "lengths"), number(facts.get("cut"))
    if len(lengths):
        rows.append(
            (plain(_mean(lengths)), "steps an episode", f"{cut:.0f} of them cut by the time limit" if cut > 0 else "")
        )
    steps = _line(record.of("scores"), "env_steps")
    if steps is not None:
        rows.append((plain(float(np.nanmax(steps.y))), "steps of the world to learn from", ""))
    return rows


def _rivals(record: Record) -> list[dict[str, Any]]:
    """Players that do not look and this one, by validation return, the best first."""
    rows = [
        {"name": name, "score": number(score), "ours": False}
        for name, score in record.detail("baselines").items()
        if math.isfinite(number(score))
    ]
    ours = number(record.detail("train").get("best"))
    if rows and math.isfinite(ours):
        rows.append({"name": "this player", "score": ours, "ours": True})
    return sorted(rows, key=lambda row: -row["score"])


def siblings(run: Run, record: Record) -> dict[str, Line | None]:
    """Validation returns of runs beside this one that differ in nothing but the seed, by their names.

    Of several runs with one seed the first is taken.
    """
    mine, seeds = _told_by(record.info), {record.info.get("seed")}
    found: dict[str, Line | None] = {}
    for path in sorted(run.folder.resolve().parent.glob(f"*/{RUN}")):
        if path.parent == run.folder.resolve() or len(found) == SEEDS or not (path.parent / EVENTS).is_file():
            continue
        try:
            other = Run(path.parent)
            info = other.info
            if info.get("seed") in seeds or _told_by(info) != mine:
                continue
            line = _line(list(other.events("scores")), "validation_return")
        except (OSError, ValueError, TypeError, AttributeError):
            continue  # a run that cannot be read is none of this one's business
        if line is not None:
            seeds.add(info.get("seed"))
            found[path.parent.name] = line
    return found


def _told_by(info: dict[str, Any]) -> dict[str, Any]:
    settings = {name: value for name, value in mapping(info.get("settings")).items() if name not in IDLE}
    return {**{name: info.get(name) for name in SAME}, "settings": settings}


def _seeds(mine: Line | None, others: dict[str, Line | None]) -> dict[str, Any] | None:
    """The best evaluation of each seed, and how they spread."""
    lines = [line for line in others.values() if line is not None]
    if mine is None or not lines:
        return None
    best = [float(np.nanmax(line.y)) for line in (mine, *lines)]
    last = [float(line.y[np.isfinite(line.y)][-1]) for line in (mine, *lines)]
    rows = list(zip(["this run", *others], map(plain, best), map(plain, last), strict=True))
    spread = float(np.std(best, ddof=1))
    said = f"Over {len(best)} seeds the best evaluation is {plain(float(np.median(best)))} (median), "
    said += f"{plain(min(best))} to {plain(max(best))}, with a deviation of {plain(spread)}."
    return {"rows": rows, "said": said}


def _film(record: Record, facts: dict[str, Any]) -> dict[str, Any] | None:
    kept, about = record.tensors.get(f"{TENSORS}film"), mapping(facts.get("film"))
    if kept is None or kept.dtype != np.uint8 or kept.ndim != 1 or not about:
        return None
    shown, steps = (int(np.nan_to_num(number(about.get(key)))) for key in ("shown", "steps"))
    said = f"The episode whose return is in the middle: {plain(about.get('return'))} in {plain(steps)} steps"
    values, rewards = _kept(record, "film.values"), _kept(record, "film.rewards")
    chart = None
    if len(values) > 1 and len(values) == len(rewards):
        chart = figures.episode(values, rewards, _what(record))
    return {
        "uri": f"data:image/webp;base64,{base64.b64encode(kept.tobytes()).decode('ascii')}",
        "width": int(np.nan_to_num(number(about.get("width")))) or 320,
        "said": f"{said}{f', its first {shown} shown' if shown <= steps else ''}.",
        "chart": chart,
    }


def _charts(record: Record, facts: dict[str, Any], ours: Floats, at_random: Floats) -> list[Chart]:
    charts = []
    if len(ours):
        charts.append(figures.returns(ours, at_random, number(facts.get("solved"))))
    said, earned = _kept(record, "expected"), _kept(record, "earned")
    if len(said) and len(said) == len(earned):
        charts.append(figures.expected(said, earned, _what(record)))
    counts, amounts = record.tensors.get(f"{TENSORS}counts"), record.tensors.get(f"{TENSORS}amounts")
    if counts is not None and counts.ndim == 1 and counts.sum() > 0:
        names = [str(name) for name in sequence(facts.get("actions"))]
        charts.append(figures.actions(counts.astype(np.float64), names))
    if amounts is not None and amounts.ndim == 2 and amounts.size and np.isfinite(amounts).all():
        charts.append(figures.amounts(amounts.astype(np.float64)))
    lengths = _kept(record, "lengths")
    if len(lengths) and lengths.min() < lengths.max():
        charts.append(figures.lengths(lengths, int(np.nan_to_num(number(facts.get("limit"))))))
    return charts


def _scores(record: Record) -> list[Chart]:
    """A chart of each score that the method tells of itself; what is expected and what was wrong of it share one."""
    events, x_name = record.of("scores"), _x_name(record)
    names = list(dict.fromkeys(name for event in events for name in mapping(event.get("scores"))))
    worth = [name for name in names if name.endswith(("_mean", "_gap"))]
    starts = [name for name in names if name.endswith("_value")]
    alone = {name: SCORES.get(name, (measured(name).capitalize(), READING)) for name in names}
    groups = [(GAPS, GAPS_READING, worth), (STARTS, STARTS_READING, starts)]
    groups += [(*told, [name]) for name, told in alone.items() if name not in (*DRAWN, *worth, *starts)]
    groups.append((*LENGTH, ["validation_length"]))
    charts = []
    for title, reading, shared in groups:
        lines = {_short(name): line for name in shared if (line := _line(events, name)) is not None}
        if lines:
            charts.append(figures.score(title, lines, reading, x_name))
    return charts


def _short(name: str) -> str:
    """`q_gap` -> `Q beyond earned`."""
    of, _, kind = name.rpartition("_")
    word = {"q": "Q", "value": "V"}.get(of, of.replace("_", " "))
    said = {"mean": f"{word} expected", "gap": f"{word} beyond earned", "value": of.replace("_", " ")}
    return said.get(kind, measured(name))


def _pictures(run: Run, record: Record) -> list[dict[str, Any]]:
    """Pictures that the task drew of what it knows, the last ones, and how they came about."""
    found = []
    for name in sheets.names(record):
        rows = sheets.strip(run, record, name, MOST_EPOCHS, IN_A_ROW, sheets.COLUMN_PX)
        if rows:
            found.append({"name": name.replace("_", " "), "last": rows[-1], "rows": rows if len(rows) > 1 else []})
    return found


def _what(record: Record) -> str:
    """`Q` where the player values actions, else `V`."""
    names = (name for event in record.of("scores") for name in mapping(event.get("scores")))
    return "Q" if any(name.startswith("q_") for name in names) else "V"


def _x_name(record: Record) -> str:
    return figures.STEPS if _x(record.of("scores")) == "env_steps" else "step"


def _x(events: list[Event]) -> str:
    told = all(math.isfinite(number(mapping(event.get("scores")).get("env_steps"))) for event in events)
    return "env_steps" if events and told else ""


def _line(events: list[Event], name: str) -> Line | None:
    """A score over steps of the world; None if it was never told, or never a number."""
    mine = [event for event in events if name in mapping(event.get("scores"))]
    x = _x(mine)
    if not mine:
        return None
    places = [number(event["scores"][x]) if x else number(event.get("step")) for event in mine]
    values = as_array([number(event["scores"][name]) for event in mine])
    return Line(as_array(places), values) if np.isfinite(values).any() else None


def _kept(record: Record, name: str) -> Floats:
    """Finite values (N,) kept as evidence; none of what is damaged."""
    kept = record.tensors.get(f"{TENSORS}{name}")
    if kept is None or kept.ndim != 1 or not np.isfinite(kept).all():
        return np.empty(0)
    return kept.astype(np.float64)


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else math.nan
