"""Does the network name some classes only?"""

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "answers counted at measured steps"

ALMOST_ALL = 0.95


def look(chart: Chart) -> list[Finding]:
    said, labels, hits = (readings.counts(chart, name, 0.7) for name in ("said", "labels", "hits"))
    total = sum(said)
    if not total or len(labels) < 2 or max(labels) > 0.9 * sum(labels) or not readings.settled(chart):
        return []
    if max(said) > ALMOST_ALL * total:
        i = said.index(max(said))
        return [
            Finding(
                NOTE,
                f"{max(said) / total:.0%} of the answers are class {i}, {labels[i] / sum(labels):.0%} of the labels",
                "as often as there are labels",
                "the network has collapsed to one answer",
                "lower the learning rate, look at initialisation and class weights",
                kind="class_collapse",
                where="answers",
                weight=0.3,
            )
        ]
    if readings.are_tokens(chart):
        return []  # a rare letter need not ever be the likeliest
    learned = [h / n for h, n in zip(hits, labels, strict=True) if n >= 10]
    never = [
        i
        for i, (s, n) in enumerate(zip(said, labels, strict=True))
        if n > 0.3 * sum(labels) / len(labels) and s < 0.02 * n
    ]
    # A plain cross-entropy knows no class weights: then the network is only slow to learn these classes.
    names = readings.outputs(chart, "loss_is")
    plain = names.count("unknown") < 0.5 * len(names)
    answered = sum(hits) / sum(labels)
    if never and learned and max(learned) > 0.5 and answered > 0.4:
        return [
            Finding(
                NOTE,
                f"class {', '.join(map(str, never[:5]))} is never named "
                f"though it is {sum(labels[i] for i in never) / sum(labels):.0%} of the examples",
                "every class now and then",
                "these classes count for nothing in the loss: class weights, or an index ignored",
                "look at the weights per class and at ignore_index",
                kind="class_imbalance",
                where="loss (class weights)",
                weight=0.25 if plain else 0.85,
            )
        ]
    return []
