"""Have the first filters become smooth, or are they still noise?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding

COST = "the weights of the first convolution at each validation, where its filters have five taps a side or more"

NOISE = 0.8  # of unrelated taps; a few small filters at a random start are spread around 1 by a tenth
SMOOTHER = 0.05  # than the start: what training does to them, if it does anything
ROUGHER = 0.25  # than a start that was smooth, as a pretrained network's is


def look(chart: Chart) -> list[Finding]:
    seen = chart.consultation.get("filters") or {}
    if not seen or not readings.settled(chart):
        return []
    start, now = seen["start"], seen["now"]
    what = f"neighbours in the filters of {seen['layer']} differ by {now:.2f} of unrelated taps, {start:.2f} at first"
    noise, rougher = start > NOISE and now > start - SMOOTHER, now > start + ROUGHER
    if not noise and not rougher:
        return [Finding(PASS, what, "smoother than at a random start")]
    return [
        Finding(
            NOTE,
            what,
            "smoother than at the start",
            "the first layer has learned noise" if rougher else "the first layer has hardly learned yet",
            "lower the learning rate, or raise weight decay" if rougher else "train longer, or raise the learning rate",
            kind="noisy_filters",
            where=seen["layer"],
            weight=0.1,
        )
    ]
