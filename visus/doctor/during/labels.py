"""Can the labels be learned from the inputs, are all classes there, and does their order change?"""

import math
from statistics import mean

from .. import readings
from ..chart import Chart
from ..finding import NOTE, Finding

COST = "labels counted at measured steps; two simple classifiers on at most 1,500 kept examples when a report is made"

RARE, COMMON = 0.1, 20.0  # share of an even share; ratio of the most to the least frequent class
SORTED = 0.6  # of the entropy of all labels: batches that know only a few classes each
FAR_BEHIND = 0.25  # accuracy on training examples below that on held-out ones
OTHER = 1.15  # ratio of spreads or roughness from which inputs were changed
HANDFUL, SMALL = 8, 20  # examples a class
FEW_AGAIN = 0.6  # share of examples seen before


def look(chart: Chart) -> list[Finding]:
    return [*_unrelated(chart), *_noise(chart), *_balance(chart), *_order(chart), *_again(chart)]


def _unrelated(chart: Chart) -> list[Finding]:
    best, name, n = readings.simple(chart)
    majority = (chart.consultation.get("reference") or {}).get("majority", math.nan)
    if not n >= 300 or math.isnan(best):
        return []
    error = math.sqrt(majority * (1 - majority) / n)
    if best > majority + 3 * error:
        return []
    score = readings.final_score(chart)
    high = readings.are_shares(chart) and score > readings.chance(chart) + 0.15
    if high or (not readings.learned(chart) < 0.95 and not readings.are_shares(chart)):
        return []
    return [
        Finding(
            NOTE,
            f"{name} gets {best:.0%} right on {n} held-out training examples, always the same answer {majority:.0%}",
            f"above {majority + 3 * error:.0%} where inputs tell the label",
            "labels and inputs do not belong together: shuffled, shifted, or inputs destroyed",
            "look at a few inputs with their labels just before the network; check that both are shuffled together",
            kind="labels_unrelated",
            where="targets (or inputs)",
            weight=0.9,
        )
    ]


def _noise(chart: Chart) -> list[Finding]:
    """Held-out examples are answered better than training examples, without dropout or augmentation as a reason."""
    score, trained = readings.final_score(chart), chart.consultation.get("right")
    if not readings.are_shares(chart) or trained is None or chart.consultation.get("n", 0) < 48:
        return []
    gap = score - trained
    spread = 2 * math.sqrt(max(trained * (1 - trained), 0.01) / chart.consultation["n"])
    if gap < max(0.1, spread):
        return []
    # Mixed pictures (mixup) have two labels, of which one is told: then the loss is no plain cross-entropy.
    names = readings.outputs(chart, "loss_is")
    plain = names.count("cross_entropy") > 0.5 * len(names)
    changed = _changed(chart)
    return [
        Finding(
            NOTE,
            f"in evaluation mode {trained:.0%} of the newest training examples are answered right, "
            f"of held-out ones {score:.0%}",
            "training examples at least as well",
            "augmentation changes training inputs beyond recognition" if changed else "many training labels are wrong",
            "weaken the augmentation; look at a batch just before the network"
            if changed
            else "look at the training examples with the highest loss",
            kind="augmentation_too_strong" if changed else "label_noise",
            where="augmentation" if changed else "targets",
            weight=0.5 + 0.8 * min(0.5, gap - 0.1),
            defect=plain and gap > FAR_BEHIND,
        )
    ]


def _changed(chart: Chart) -> bool:
    """Whether training inputs look otherwise than validation inputs: rougher, smoother, of another spread."""
    trained, held = chart.values("inputs"), [e["seen"]["inputs"] for e in chart.evaluations if "seen" in e]
    if not trained or not held:
        return False
    ratio = readings.middle([t["std"] for t in trained]) / max(readings.middle([h["std"] for h in held]), 1e-9)
    rough = [readings.middle([sum(x["rough"]) for x in rows if "rough" in x]) for rows in (trained, held)]
    return not 1 / OTHER <= ratio <= OTHER or (rough[1] > 0 and not 1 / OTHER <= rough[0] / rough[1] <= OTHER)


def _balance(chart: Chart) -> list[Finding]:
    labels = readings.counts(chart, "labels")
    total, k = sum(labels), len(labels)
    if k < 2 or total < 20 * k or readings.are_tokens(chart):
        return []
    absent = [i for i, n in enumerate(labels) if not n]
    if absent and len(absent) < k - 1 and absent != list(range(k - len(absent), k)):
        return [_missing(absent, total)]
    if absent and len(absent) < k - 1:
        return [_missing(absent, total, 0.5)]
    rarest, most = min(labels), max(labels)
    if rarest < RARE * total / k and most > COMMON * max(rarest, 0.5):
        return [
            Finding(
                NOTE,
                f"the most frequent class has {most} of {total} examples seen, the rarest {rarest}",
                "less than 20 to 1",
                "classes are very unequal: rare ones are not worth learning for the loss",
                "weight the loss by class, sample classes evenly, "
                "or start the last bias at the logarithm of the frequencies",
                kind="class_imbalance",
                where="targets (class frequencies)",
                weight=0.55,
            )
        ]
    return []


def _missing(absent: list[int], total: int, weight: float = 0.75) -> Finding:
    named = ", ".join(map(str, absent[:5]))
    return Finding(
        NOTE,
        f"no example of class {named} among {total} seen",
        "some of each class",
        "classes are missing from the training part",
        "check the split and the sampler",
        kind="class_missing",
        where=f"targets (class {named})",
        weight=weight,
    )


def _order(chart: Chart) -> list[Finding]:
    rows = [o["labels"] for o in chart.values("outputs") if "labels" in o and sum(o["labels"]) >= 8]
    if len(rows) < 8 or readings.are_tokens(chart):
        return []
    whole = _entropy([sum(c) for c in zip(*rows, strict=True)])
    each = mean(_entropy(row) for row in rows)
    possible = mean(min(whole, math.log(sum(row))) for row in rows)
    if whole < 0.3 or each > SORTED * possible:
        return []
    return [
        Finding(
            NOTE,
            f"labels within a batch have {each:.2f} nats of entropy, over all batches {whole:.2f}",
            f"at least {SORTED * possible:.2f}",
            "examples come sorted by class: each batch makes the network forget the others",
            "shuffle the training part anew every epoch (DataLoader(shuffle=True))",
            kind="unshuffled_data",
            where="data loader (shuffle)",
            weight=0.9,
        )
    ]


def _again(chart: Chart) -> list[Finding]:
    found = chart.consultation.get("reference") or {}
    seen, again = found.get("seen", 0), found.get("again", 0)
    if seen < 200 or again < FEW_AGAIN * seen:
        return []
    distinct = seen - again
    handful = distinct <= HANDFUL * max(2, readings.classes(chart)) and again > 0.9 * seen
    return [
        Finding(
            NOTE,
            f"of {seen} examples looked at {distinct} were different",
            "new ones, in a set of usual size",
            "the same few examples come again and again",
            "check the sampler, and that the loader's iterator goes on",
            kind="few_distinct_examples",
            where="data loader (sampler)",
            weight=0.8 if handful else 0.6 if distinct <= SMALL * max(2, readings.classes(chart)) else 0.3,
            defect=handful,
        )
    ]


def _entropy(row: list[int]) -> float:
    total = sum(row)
    return -sum(n / total * math.log(n / total) for n in row if n)
