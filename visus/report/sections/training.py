"""How the training went: loss, scores, learning rate and the size of the updates over time."""

import math
from typing import Any

import numpy as np

from ..figures import curves
from ..figures.chart import Chart, Line
from ..record import Event, Record, as_array, mapping, number

NEGATED = {"log_likelihood": "nats", "elbo": "bound, in nats"}  # scores, and what they are the negative of
SAME = {"nats": ("log_likelihood", "perplexity", "bits_per_dim"), "elbo": ("bits_per_dim",)}  # in other units
SAME |= dict.fromkeys(("fid", "squared_error"), ("likeness",))
_MAX_SCORES = 4  # charts of scores besides loss and accuracy that a task of another kind may report


def gather(record: Record) -> dict[str, Any] | None:
    """The charts of the curves; None if no step was taken, or none that descends."""
    metrics = [event for event in record.of("metrics") if event.get("objective") != "memory"]  # which only remembers
    scores = record.of("scores")
    if not metrics and not scores:
        return None
    in_epochs = all(math.isfinite(number(event.get("epoch"))) for event in (*metrics, *scores))
    x = "epoch" if in_epochs else "step"
    drawn_before = {"nats"} if "language" in record.facts else set()
    moving = record.subject == "acting"  # whose scores have a section of their own
    charts = _charts(metrics, [] if moving else scores, x, _resumed(record, x), drawn_before, moving)
    return {"charts": charts} if charts else None


def attempts(record: Record) -> list[str]:
    """Sentences on where the run was cut short and resumed; reaching its last step is neither."""
    said: list[str] = []
    stopped = False
    for event in record.events:
        kind, step, why = event.get("event"), number(event.get("step")), event.get("why")
        if kind == "resumed" or (kind == "stopped" and why and not stopped):  # recorder and playbook both note a stop
            where = f" at step {step:.0f}" if math.isfinite(step) else ""
            said.append(f"{str(kind).capitalize()}{where}{f': {why}' if why else ''}.")
        if kind in ("opened", "started", "resumed", "stopped"):
            stopped = kind == "stopped"
    return said


def best_score(record: Record) -> tuple[str, float] | None:
    """(name, value) of the best of the first score of each evaluation, the one that picks the checkpoint."""
    first = [
        (name, number(value))
        for event in record.of("scores")
        for name, value in [*mapping(event.get("scores")).items()][:1]
    ]
    finite = [(name, value) for name, value in first if math.isfinite(value)]
    if not finite:
        return None
    worst_first = finite[0][0].endswith(("loss", "error"))
    name, value = (min if worst_first else max)(finite, key=lambda pair: pair[1])
    for score, known in (*NEGATED.items(), ("likeness", _same_negated(record, name, value))):
        if known and name.endswith(score):  # people know what a score is the negative of
            return name.replace(score, known), -value
    return name, value


def _same_negated(record: Record, name: str, value: float) -> str:
    """What a task also calls minus this score, without its part; '' if it does not."""
    for event in record.of("scores"):
        scores = mapping(event.get("scores"))
        if number(scores.get(name)) == value:
            same = (other for other, score in scores.items() if number(score) == -value)
            return next(same, "").removeprefix("validation_")
    return ""


def _charts(
    metrics: list[Event], scores: list[Event], x: str, resumed: list[float], drawn_before: set[str], moving: bool
) -> list[Chart]:
    objectives = list(dict.fromkeys(str(event.get("objective", "loss")) for event in metrics))

    def of(key: str) -> dict[str, Line]:
        mine = {
            name: [e for e in metrics if str(e.get("objective", "loss")) == name and key in e] for name in objectives
        }
        return {name: _line(events, x, lambda event: event.get(key)) for name, events in mine.items() if events}

    measured = list(dict.fromkeys(name for event in scores for name in mapping(event.get("scores"))))
    lines = {name: _score_line(scores, name, x) for name in measured}
    rest = {"training": lines.get("train_loss"), "validation": lines.get("validation_loss")}
    at_rest = {kind: line for kind, line in rest.items() if line is not None}
    losses = of("loss")
    idle = moving and not any(np.nan_to_num(line.y, nan=1.0).any() for line in losses.values())  # nothing descends
    charts = [curves.loss(losses, at_rest, x, resumed, moving)] if (metrics or at_rest) and not idle else []
    kinds = dict.fromkeys(name.removeprefix("train_").removeprefix("validation_") for name in measured)
    kinds.pop("loss", None)
    for same in [other for kind in SAME if kind in kinds for other in SAME[kind]]:
        kinds.pop(same, None)
    for kind in [kind for kind in kinds if kind not in drawn_before][:_MAX_SCORES]:
        train, validation = lines.get(f"train_{kind}"), lines.get(f"validation_{kind}", lines.get(kind))
        charts.append(curves.score(kind, train, validation, x, resumed))
    if any(np.isfinite(line.y).any() for line in of("lr").values()):
        charts.append(curves.learning_rate(of("lr"), x))
    if any(np.isfinite(line.y).any() for line in of("update_ratio").values()):
        charts.append(curves.update_ratio(of("update_ratio"), x))
    return charts


def _score_line(events: list[Event], name: str, x: str) -> Line:
    mine = [event for event in events if name in mapping(event.get("scores"))]
    return _line(mine, x, lambda event: event["scores"][name])


def _line(events: list[Event], x: str, value: Any) -> Line:
    return Line(
        as_array([number(event.get(x)) for event in events]), as_array([number(value(event)) for event in events])
    )


def _resumed(record: Record, x: str) -> list[float]:
    """Where on the axis the run was taken up again: at the last thing recorded up to that step."""
    places = []
    for event in record.of("resumed"):
        before = [number(e.get(x)) for e in record.of("metrics") if number(e.get("step")) <= number(event.get("step"))]
        places += [before[-1]] if before and math.isfinite(before[-1]) else []
    return places
