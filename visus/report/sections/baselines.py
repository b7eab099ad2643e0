"""What simple methods reach, beside the network."""

import math
from typing import Any

from .. import figures
from ..record import Record, number
from .outcome import Outcome

_NAMES = {
    "majority": "always the commonest class",
    "input_blind": "network that sees no picture",
    "knn": "nearest neighbours",
    "linear": "linear softmax",
}


def gather(record: Record, outcome: Outcome | None) -> dict[str, Any] | None:
    """A chart of the baselines and the network; None if no baseline was measured."""
    known = scores(record)
    if not known:
        return None
    names, accuracies = [name for name, _ in known], [accuracy for _, accuracy in known]
    ends = [(math.nan, math.nan)] * len(known)
    ours = [False] * len(known)
    validation = number(record.detail("train").get("best"))
    if math.isfinite(validation):
        names, accuracies = [*names, "this network, same pictures"], [*accuracies, validation]
        ends, ours = [*ends, (math.nan, math.nan)], [*ours, True]
    if outcome:
        names, accuracies = [*names, "this network, test pictures"], [*accuracies, outcome.accuracy]
        ends, ours = [*ends, (outcome.low, outcome.high)], [*ours, True]
    return {"chart": figures.baselines(names, accuracies, ours, ends)}


def scores(record: Record) -> list[tuple[str, float]]:
    """(what people call it, validation accuracy) of every baseline measured, lowest first."""
    measured = {name: number(value) for name, value in record.detail("baselines").items()}
    return sorted(
        ((_NAMES.get(name, name.replace("_", " ")), value) for name, value in measured.items() if math.isfinite(value)),
        key=lambda pair: pair[1],
    )
