"""Does a state that is carried from batch to batch meet the text that goes on, or another one?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, PASS, Finding
from ..instruments.consultation import LANGUAGE

COST = "the state given to a recurrent layer compared with the one of the step before, and one token of each row"

CARRIED = 0.5  # share of the rows that begin with the state left behind
GOES_ON = 0.5  # share of the rows that begin where they ended; by chance it is that of the most frequent token
FEWEST = 3


def look(chart: Chart) -> list[Finding]:
    rows = [
        (max(layer.get("carried", 0.0) for layer in sample["time"].values()), tokens["crossed"])
        for sample, tokens in chart.having("tokens")
        if "crossed" in tokens and tokens["next"] >= LANGUAGE and sample.get("time")
    ]
    rows = [(carried, crossed) for carried, crossed in rows if carried >= CARRIED]
    if len(rows) < FEWEST:
        return []
    crossed = readings.middle([crossed for _, crossed in rows])
    what = f"{crossed:.0%} of the rows begin where they ended in the batch before, and their state is carried over"
    if crossed >= GOES_ON:
        return [Finding(PASS, what)]
    return [
        Finding(
            NOTE,
            what,
            "all of them, or a state that begins anew",
            "states leak between unrelated sequences: each row starts with the memory of another text",
            "start each batch from zeros, or cut the text into as many streams as rows and let each go on in its own",
            kind="state_leaks",
            where="hidden state",
            weight=0.75,
            defect=True,
        )
    ]
