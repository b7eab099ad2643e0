"""The chart of a recorded run: the one that was kept, or what metrics and scores allow."""

import json
import math
from typing import Any

from ...runs.reader import CHART, Run
from ..chart import Chart
from ._record import info, mapping, number, settings

REBUILT = "rebuilt"  # the fact by which such a chart is known
HUGE = 1e100  # a loss beyond it has diverged, and its square must not overflow
MODEL = ("model", "model.json")  # says how many classes there are where run.json does not


def chart_of(run: Run) -> Chart:
    """Never fails on a torn chart: what cannot be read is written down as not examined."""
    path = run.folder / CHART
    if not path.is_file():
        why = f"{CHART} is missing; the run was recorded without it"
    else:
        try:
            chart = Chart.from_dict(json.loads(path.read_text(encoding="utf-8")))
            if chart.steps:
                return chart
            why = "the chart holds no step"
        except ValueError as error:
            why = f"{CHART} cannot be read ({error})"
    chart = _from_events(run)
    chart.cannot("layers, gradients and examples", f"{why}, so only metrics and scores are judged")
    return chart


def _from_events(run: Run) -> Chart:
    chart = Chart(facts={REBUILT: True})
    n_classes = _classes(run)
    # Label smoothing raises the logged cross-entropy above the plain one that watchers compare with a blind guess.
    plain = not settings(run).get("smoothing")
    before = -1
    for event in run.events("metrics", "scores"):
        step = int(event.get("step", before))
        if event["event"] == "metrics":
            if event.get("objective") == "memory":
                continue  # nothing descends
            value = number(event.get("loss"))
            chart.losses.add(step, value if math.isnan(value) else min(max(value, -HUGE), HUGE))
            if math.isnan(value):
                chart.count("losses_not_finite", max(1, step - before))
            before, chart.steps = step, step + 1
            chart.add_sample(_sample(step, value, event, n_classes if plain else 0))
        else:
            scores = {name: number(value) for name, value in mapping(event.get("scores")).items()}
            finite = {name: None if math.isnan(value) else value for name, value in scores.items()}
            first = next(iter(finite.values()), None)
            chart.add_evaluation({"step": step + 1, "loss": finite.get("validation_loss"), "score": first, **finite})
    return chart


def _sample(step: int, loss: float, event: dict[str, Any], n_classes: int) -> dict[str, Any]:
    sample: dict[str, Any] = {"step": step}
    rate, ratio = number(event.get("lr")), number(event.get("update_ratio"))
    if not math.isnan(loss):
        sample["loss"] = loss
    entropy = number(mapping(event.get("terms")).get("cross_entropy"))
    if n_classes:
        sample["outputs"] = {"classes": n_classes} | ({} if math.isnan(entropy) else {"cross_entropy": entropy})
    if not math.isnan(rate):
        sample["update"] = {"lr": [rate]} | ({} if math.isnan(ratio) else {"ratio": ratio})
    return sample


def _classes(run: Run) -> int:
    named = mapping(info(run).get("data")).get("classes")
    if not named:
        try:
            named = json.loads(run.folder.joinpath(*MODEL).read_text(encoding="utf-8")).get("classes")
        except (OSError, ValueError, AttributeError):
            named = None
    return len(named) if isinstance(named, list) else 0
