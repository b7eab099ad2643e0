"""What simple methods reach, beside the network."""

import math
from typing import Any

from ..figures.bars import Bar
from ..figures.bars import baselines as chart
from ..record import Record, number
from .outcome import Outcome

_NAMES = {
    "constant": ("always the same", "Gives every picture the same answer: what the frequencies alone earn."),
    "mean": ("always the mean", "Says the mean of the training pictures for every picture: nothing is explained."),
    "mean_boxes": ("mean boxes", "One box a class at its mean place, in every picture: what habit alone finds."),
    "usual_places": ("usual places", "What usually lies at each place, in every picture, without a look at it."),
    "windows": (
        "linear windows",
        "A linear classifier of gradients and colours in windows at all places: detection before networks.",
    ),
    "commonest": (
        "one class everywhere",
        "The class that covers most of the pictures, at every pixel: what luck alone earns.",
    ),
    "forest": ("forest of pixels", "A random forest that sees each pixel's colours, surroundings and place."),
    "majority": ("commonest class", "Always says the class seen most often: what luck alone earns."),
    "input_blind": (
        "blind network",
        "A network that is shown blank pictures: whatever it gets right, no picture told it.",
    ),
    "knn": ("nearest neighbours", "Says what the most similar training pictures are, compared pixel by pixel."),
    "ridge": (
        "ridge regression",
        "A weighted sum of the pixels, brought to 16 x 16: a network has to earn its depth against it.",
    ),
    "linear": (
        "linear softmax",
        "One template a class, without hidden layers: a network has to earn its depth against it.",
    ),
}


def gather(record: Record, outcome: Outcome | None) -> dict[str, Any] | None:
    """A chart of the baselines and the network, and what each baseline is; None if no baseline was measured."""
    known = scores(record)
    if not known or (outcome and not outcome.gauge):
        return None  # other measures have sections of their own, with what they are held against
    bars = [Bar(name, accuracy) for name, accuracy in known]
    validation = number(record.detail("train").get("best"))
    if math.isfinite(validation):
        bars.append(Bar("this network, same pictures", validation, ours=True))
    if outcome:
        bars.append(Bar("this network, test pictures", outcome.accuracy, True, outcome.low, outcome.high))
    meanings = [(name, meaning) for name, meaning in _NAMES.values() if name in dict(known)]
    return {"chart": chart(bars, str(record.detail("test").get("measure") or "accuracy")), "meanings": meanings}


def scores(record: Record) -> list[tuple[str, float]]:
    """(what people call it, validation accuracy) of every baseline measured, lowest first."""
    detail = record.detail("baselines")
    measured = [(people, number(detail.get(name))) for name, (people, _) in _NAMES.items()]
    return sorted(((name, value) for name, value in measured if math.isfinite(value)), key=lambda pair: pair[1])
