"""Figures read off a chart that several watchers need. NaN or None where the run does not tell."""

import math
from statistics import mean, median
from typing import Any

from .chart import Chart

EARLY, LATE = 0.25, 0.75  # shares of a run


def outputs(chart: Chart, name: str, begin: float = 0.0, end: float = 1.0) -> list[Any]:
    return chart.values("outputs", name, begin=begin, end=end)


def updates(chart: Chart, name: str, begin: float = 0.0, end: float = 1.0) -> list[Any]:
    return chart.values("update", name, begin=begin, end=end)


def update_ratios(chart: Chart, begin: float = 0.0, end: float = 1.0) -> list[float]:
    """Norm of updates over norm of weights; none where an optimizer holds the weights' length and only turns them."""
    if any(optimizer.get("holds_length") for optimizer in chart.facts.get("optimizers") or []):
        return []
    return [ratio for ratio in updates(chart, "ratio", begin, end) if ratio is not None]


def middle(values: list[float]) -> float:
    """Median of the finite ones."""
    finite = [v for v in values if v is not None and math.isfinite(v)]
    return median(finite) if finite else math.nan


def average(values: list[float]) -> float:
    finite = [v for v in values if v is not None and math.isfinite(v)]
    return mean(finite) if finite else math.nan


def classes(chart: Chart) -> int:
    """Width of the network's answer in a classification, 0 otherwise."""
    found = outputs(chart, "classes")
    return int(found[-1]) if found else 0


def counts(chart: Chart, name: str, begin: float = 0.0, end: float = 1.0) -> list[int]:
    """Sums over a stretch of 'labels', 'said' or 'hits' by class."""
    rows = outputs(chart, name, begin, end)
    return [sum(column) for column in zip(*rows, strict=True)] if rows and len({len(r) for r in rows}) == 1 else []


def chance(chart: Chart) -> float:
    """Accuracy of always naming the most frequent class of the training examples seen."""
    labels = counts(chart, "labels")
    if labels and sum(labels):
        return max(labels) / sum(labels)
    return 1 / classes(chart) if classes(chart) else math.nan


def blind_loss(chart: Chart) -> float:
    """Cross-entropy of what knows the class frequencies and nothing else; a regression's target variance."""
    labels = counts(chart, "labels")
    total = sum(labels)
    if total:
        return -sum(n / total * math.log(n / total) for n in labels if n)
    if classes(chart):
        return math.log(classes(chart))
    return average(outputs(chart, "blind"))


def entropy_now(chart: Chart, begin: float = 0.85, end: float = 1.0) -> float:
    """Cross-entropy (or squared error) of the training batches in a stretch, whatever the run's own loss is."""
    return average(outputs(chart, "cross_entropy", begin, end) or outputs(chart, "error", begin, end))


ENTROPIES = ("cross_entropy", "cross_entropy, summed", "log of chances", "logistic", "squared")


def measure(chart: Chart) -> str:
    """What `entropy_now` measures, in words."""
    kinds = outputs(chart, "kind")
    return {"values": "squared error", "attributes": "logistic loss"}.get(kinds[-1] if kinds else "", "cross-entropy")


def minimises_entropy(chart: Chart) -> bool:
    """Whether the run minimises what `entropy_now` measures: only then that tells how the run goes."""
    names = outputs(chart, "loss_is")
    known = ENTROPIES[:3] if classes(chart) else ENTROPIES
    return sum(name in known for name in names) > 0.5 * len(names)


def right(chart: Chart, begin: float = 0.8, end: float = 1.0) -> float:
    """Share of training examples answered right, as they were trained on, in a stretch of the run."""
    hits = [(o["right"], o["n"]) for o in chart.values("outputs", begin=begin, end=end) if "right" in o]
    total = sum(n for _, n in hits)
    return sum(r * n for r, n in hits) / total if total else math.nan


def scores(chart: Chart) -> list[float]:
    return [e["score"] for e in chart.evaluations if e.get("score") is not None]


def validation_losses(chart: Chart) -> list[float]:
    return [e["loss"] for e in chart.evaluations if e.get("loss") is not None]


def final_score(chart: Chart) -> float:
    """Mean of the last two scores (the last of fewer than five)."""
    found = scores(chart)
    return average(found[-2:] if len(found) >= 5 else found[-1:])


def are_tokens(chart: Chart) -> bool:
    """Whether what is asked for is a sequence of tokens: some are rare by nature, and few scores are accuracies."""
    return any(outputs(chart, "tokens"))


def are_maps(chart: Chart) -> bool:
    """Whether each pixel has a class: scores are overlaps then, below the share of pixels that are right."""
    return any(outputs(chart, "maps"))


def are_opponents(chart: Chart) -> bool:
    """Whether networks play against each other: no loss of theirs tells how good they are."""
    return bool(chart.facts.get("opponents"))


def acts(chart: Chart) -> dict[str, Any]:
    """What is known of a run that learns by acting: its loss follows what it meets, and does not tell how it does."""
    return dict(chart.facts.get("acting") or {})


def loss_tells(chart: Chart) -> bool:
    """Whether a loss that falls is one that gets better."""
    return not are_opponents(chart) and not acts(chart)


def lessons(chart: Chart, *names: str) -> list[tuple[int, dict[str, float]]]:
    """(step, figures) of the looks at what a run that acts learns from, of those that have all of these figures."""
    return [(step, found) for step, found in acts(chart).get("looks") or [] if all(n in found for n in names)]


def told(chart: Chart, name: str) -> list[tuple[int, float]]:
    """(step, value) of a figure of every evaluation that has it."""
    return [(e["step"], e[name]) for e in chart.evaluations if e.get(name) is not None]


def share_done(chart: Chart) -> float:
    """How much of the planned run is over; 0 where nobody planned."""
    planned = chart.facts.get("planned_steps")
    return chart.steps / planned if planned else 0.0


def by_chance(chart: Chart) -> tuple[float, float]:
    """The return of an episode played at random and its standard error; that of the first evaluation, if no episode
    was over in time. NaN where neither is known.
    """
    known = acts(chart).get("random") or {}
    if known.get("episodes"):
        return known["return"], known["spread"] / math.sqrt(known["episodes"])
    found = scores(chart)
    return (found[0], 0.0) if len(found) > 1 else (math.nan, math.nan)


def better_than_chance(chart: Chart, last: int = 2) -> bool:
    """Whether the last evaluations earned clearly more than random play."""
    chance, error = by_chance(chart)
    spreads = [e.get("validation_return_spread") or 0.0 for e in chart.evaluations[-last:]]
    doubt = math.hypot(error, max(spreads, default=0.0) / math.sqrt(10 * max(1, len(spreads))))
    return average(scores(chart)[-last:]) > chance + 2 * doubt + 0.02 * abs(chance)


def in_points(chart: Chart) -> bool:
    """Whether scores are hundredths of something whole, as accuracies are; nats and distances are not."""
    return not are_tokens(chart) and all(abs(score) <= 1 for score in scores(chart))


def are_shares(chart: Chart) -> bool:
    """Whether the scores look like accuracies. Those of sequences are likelihoods, BLEU and the like."""
    found = scores(chart)
    other = are_tokens(chart) or are_maps(chart)
    return bool(found) and bool(classes(chart)) and not other and all(0 <= s <= 1 for s in found)


def simple(chart: Chart) -> tuple[float, str, int]:
    """The best simple method on the kept examples: accuracy on held-out folds, its name, how many examples."""
    found = chart.consultation.get("reference") or {}
    known = {"ridge regression": found.get("ridge"), "the nearest neighbour": found.get("nearest")}
    best = max(((v, name) for name, v in known.items() if v is not None), default=(math.nan, ""))
    return best[0], best[1], int(found.get("n", 0))


def features_at_start(chart: Chart) -> tuple[float, int]:
    """What a linear classifier gets right on the features that a pretrained network began with, and of how many."""
    found = chart.facts.get("features") or {}
    return float(found.get("start", math.nan)), int(found.get("n", 0))


def matrices(chart: Chart) -> dict[str, dict[str, Any]]:
    """The weights of layers, in order of definition: no tokens, positions or other parameters that are not layers."""
    tables = looked_up(chart)
    return {
        name: tensor
        for name, tensor in chart.facts.get("tensors", {}).items()
        if len(tensor["shape"]) >= 2
        and name not in tables
        and ("weight" in name.rpartition(".")[2] or (len(tensor["shape"]) == 2 and tensor["shape"][0] > 1))
    }


def looked_up(chart: Chart) -> set[str]:
    """The tables of embeddings: a row gets a gradient only where its token comes."""
    return {f"{layer['name']}.weight" for layer in chart.facts.get("layers", []) if layer["kind"].startswith("Embed")}


def learned(chart: Chart) -> float:
    """Share of the blind guess's cross-entropy that training took away; below 0 where it got worse."""
    blind, now = blind_loss(chart), entropy_now(chart)
    return 1 - now / blind if blind > 0 else math.nan


def peak_lr(chart: Chart) -> float:
    rates = [max(r) for r in updates(chart, "lr") if r]
    return max(rates, default=math.nan)


def optimizer(chart: Chart) -> dict[str, Any]:
    found = chart.facts.get("optimizers") or [{}]
    return dict(found[0])


def settled(chart: Chart) -> bool:
    """Whether the run has gone on long enough to be judged by what it has learned."""
    planned = chart.facts.get("planned_steps")
    return chart.steps >= (max(30, 0.35 * planned) if planned else 150)
