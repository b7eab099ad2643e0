"""Is the vocabulary that of the text: no unknown word everywhere, no outputs that are never asked for?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "targets counted at measured steps"

MOST = 0.4  # of all targets; a space is 15 to 20 % of an English text, 'a' 10 % of the words of captions
MANY = 30  # targets looked at for each output, before one that never came is missed
UNUSED = 0.5  # of the outputs


def look(chart: Chart) -> list[Finding]:
    tokens = chart.facts.get("tokens") or {}
    v, looked = tokens.get("outputs", 0), tokens.get("looked", 0)
    if v < 8 or looked < 20 * MANY:
        return []
    found = []
    token, share = int(tokens["most"][0]), float(tokens["most"][1])
    if share > MOST and not any(s > 0 for s in readings.outputs(chart, "padding")):
        found.append(
            Finding(
                NOTE,
                f"{share:.0%} of the targets are token {token}",
                f"below {MOST:.0%} for any one token",
                "the vocabulary has holes: most of what is asked for is one token, such as the one for unknown words",
                "lower the threshold of the vocabulary, take more words, or split words into pieces",
                kind="vocabulary_holes",
                where=f"vocabulary (token {token})",
                weight=0.6,
            )
        )
    if looked >= MANY * v and tokens["seen"] < UNUSED * v:
        found.append(
            Finding(
                NOTE,
                f"{v - tokens['seen']} of {v} outputs were not asked for in {looked} targets",
                f"below {UNUSED:.0%}",
                "the vocabulary is wider than the text: it was made from another one, or from the test part too",
                "make the vocabulary from the training part alone",
                kind="vocabulary_unused",
                where="last layer",
                weight=0.25,
            )
        )
    return found
