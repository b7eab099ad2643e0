"""How did the run turn out? Compared with theory (a blind guess), with simple methods and with its own best.

Internal figures never decide this: healthy ReLU networks are half zeros, and a validation score is above the training
score in every run with dropout.
"""

import math
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import pstdev

from . import readings
from .chart import Chart
from .during.background_only import nothing_but_background

HURT, FINE, UNCLEAR = "hurt", "fine", "unclear"

ABOVE_CHANCE = 0.05  # of what is left above chance: less is nothing learned
LEARNED = 0.03  # of the blind guess's loss
FOLLOWS = 0.1  # correlation of a regression's answers with their targets
ROSE = 3.0  # times the start, above which a loss has diverged
FELL = 0.12  # of the score, between its best and its end
SURE = 2.0  # standard errors
GOOD = 0.3  # of the way from the simple method to perfect
BELOW_REFERENCE = 0.05
SOME = 0.25
KEPT = 0.25  # of the best return above random play, three evaluations on average: below, what was learned is lost


@dataclass(frozen=True)
class Outcome:
    """state: hurt, fine, or unclear. reasons: sentences with the figures."""

    state: str
    reasons: list[str] = field(default_factory=list)
    mild: bool = False  # below others, but far above a blind guess


def judge(chart: Chart, final: bool = True) -> Outcome:
    """final: the run is over, or a report is asked for; while it goes on only what cannot heal is called hurt."""
    reasons = [*_not_a_number(chart), *_diverged(chart)]
    if not reasons:
        reasons += _nothing_learned(chart) if final else _stands_still(chart)
    reasons += nothing_but_background(chart)
    if final:
        reasons += [*_lost_again(chart), *_fell(chart), *_two_modes(chart)]
        if not reasons and (nothing := _nothing_earned(chart)):
            return Outcome(HURT, nothing, mild=True)  # whether it was played too little or is ill, its causes say
        below = _below_others(chart)
        if below and not reasons:
            return Outcome(HURT, below, mild=_went_some_way(chart))
        reasons += below
    if reasons:
        return Outcome(HURT, reasons)
    return Outcome(FINE, good) if (good := _good(chart)) else Outcome(UNCLEAR, [])


def _not_a_number(chart: Chart) -> list[str]:
    bad = chart.counts.get("losses_not_finite", 0)
    first = chart.losses.first_not_finite
    if bad > max(2, 0.02 * chart.steps) or (first >= 0 and first >= chart.steps - 3):
        return [f"the loss is not a number from step {first} on"]
    return []


def _diverged(chart: Chart) -> list[str]:
    if not readings.loss_tells(chart):
        return []  # a critic's loss rises as the generator learns, that of values as more is earned
    blocks = chart.losses.blocks
    if chart.losses.count < 12 or not blocks:
        return []
    start, now = max(abs(chart.losses.mean(0, 0.02)), 1e-6), chart.losses.mean(0.85, 1)
    entropy, blind = readings.entropy_now(chart), readings.blind_loss(chart)
    if (
        now > ROSE * start
        and now - start > 3 * chart.losses.noise(0.85, 1) / math.sqrt(10)
        and (math.isnan(entropy) or entropy > blind)
    ):
        return [f"the loss rose from {start:.3g} to {now:.3g}"]
    if blind > 0 and entropy > 2 * blind and chart.steps >= 30 and readings.minimises_entropy(chart):
        return [f"the {readings.measure(chart)} is {entropy:.3g}; a blind guess has {blind:.3g}"]
    return []


def _nothing_learned(chart: Chart) -> list[str]:
    if chart.steps < 20 or not readings.loss_tells(chart):
        return []
    if readings.are_shares(chart):
        chance, best = readings.chance(chart), max(readings.scores(chart))
        score = readings.final_score(chart)
        even = 1 / max(2, readings.classes(chart))
        if score <= min(chance, 2 * even) + ABOVE_CHANCE * (1 - even) and best < chance + 0.2:
            return [f"the score is {score:.1%}; always the same answer has {chance:.1%}"]
        return []
    follows = readings.outputs(chart, "follows", 0.7)
    if len(follows) >= 4 and readings.average(follows) < FOLLOWS:
        return [f"the answers follow the targets with a correlation of {readings.average(follows):.2f}"]
    learned = readings.learned(chart)
    if learned < LEARNED:
        now, blind = readings.entropy_now(chart), readings.blind_loss(chart)
        return [f"the {readings.measure(chart)} is {now:.3g}; a blind guess has {blind:.3g}"]
    if math.isnan(learned) and chart.losses.count >= 50:
        start, now, noise = chart.losses.mean(0, 0.05), chart.losses.mean(0.8, 1), chart.losses.noise()
        exploded = chart.losses.blocks and max(b[4] for b in chart.losses.blocks) > ROSE * abs(start) + 1
        if now >= start - min(0.02 * abs(start), noise) or (exploded and now > 0.9 * start > 0):
            return [f"the loss went from {start:.3g} to {now:.3g}"]
    return []


def _nothing_earned(chart: Chart) -> list[str]:
    """Of a run that acts, from the return of its episodes: it must have left that of random play."""
    found = readings.scores(chart)
    chance, _ = readings.by_chance(chart)
    if not readings.acts(chart) or not found or chart.steps < 20 or math.isnan(chance):
        return []
    if not readings.better_than_chance(chart) and not readings.better_than_chance(chart, last=len(found)):
        return [f"the return is {readings.average(found[-2:]):.4g}; random play has {chance:.4g}"]
    return []


def _lost_again(chart: Chart) -> list[str]:
    """Of a run that acts: what it had learned to earn, it must still earn."""
    found = readings.scores(chart)
    chance, _ = readings.by_chance(chart)
    if not readings.acts(chart) or len(found) < 6 or math.isnan(chance):
        return []
    best = max(readings.average(found[i : i + 3]) for i in range(max(1, len(found) - 2)))
    now = readings.average(found[-3:])
    if readings.better_than_chance(chart, last=len(found)) and now < chance + KEPT * (best - chance):
        return [f"the return fell from {best:.4g} to {now:.4g}; random play has {chance:.4g}"]
    return []


def _stands_still(chart: Chart) -> list[str]:
    """While the run goes on: the loss has not moved at all in a good part of it. A warm-up may take a tenth or two."""
    learned, scores = readings.learned(chart), readings.scores(chart)
    if not readings.settled(chart) or not learned < LEARNED / 3:
        return []
    if scores and readings.are_shares(chart) and max(scores) > readings.chance(chart) + ABOVE_CHANCE:
        return []
    return _nothing_learned(chart)


def _below_others(chart: Chart) -> list[str]:
    """Below a simple method on the same inputs, or below what a good run is known to reach."""
    score = readings.final_score(chart) if readings.are_shares(chart) else readings.right(chart)
    known = chart.facts.get("reference")
    found = []
    if known is not None and readings.are_tokens(chart):  # scored by its log-likelihood, which is below 0
        reached = readings.final_score(chart)
        if reached < known - BELOW_REFERENCE * abs(known):
            found.append(f"the score is {reached:.3g}; simple methods reach {known:.3g}")
    elif known is not None and score < known - BELOW_REFERENCE * max(known, 0.2):
        found.append(f"the score is {score:.1%}; a good run is known to reach {known:.1%}")
    start, kept = readings.features_at_start(chart)
    if not math.isnan(start) and not math.isnan(score) and score < start - _margin(start, kept):
        found.append(
            f"the score is {score:.1%}; a linear classifier on the pretrained features it began with reaches "
            f"{start:.1%} on {kept} of the training examples"
        )
    best, name, n = readings.simple(chart)
    if n >= 200 and not math.isnan(best) and not math.isnan(score) and score < best - _margin(best, n):
        found.append(
            f"the score is {score:.1%}; {name} on {n} of the training examples reaches {best:.1%} on others of them"
        )
    return found


def _margin(share: float, n: int) -> float:
    """By how much an accuracy on n examples may be missed by chance."""
    return SURE * math.sqrt(max(share * (1 - share), 1e-4) / n) + 0.01


def _went_some_way(chart: Chart) -> bool:
    """Whether the run went some of the way from chance to what the simple method reaches."""
    score = readings.final_score(chart) if readings.are_shares(chart) else readings.right(chart)
    best, chance = readings.simple(chart)[0], readings.chance(chart)
    known = chart.facts.get("reference")
    return known is None and score - chance > SOME * (best - chance)


def _fell(chart: Chart) -> list[str]:
    scores = readings.scores(chart)
    if len(scores) < 4 or not readings.are_shares(chart):
        return []
    best, now = max(scores[:-1]), readings.final_score(chart)
    swing = pstdev([b - a for a, b in pairwise(scores)]) if len(scores) > 2 else 0.0
    if now < best - max(FELL, 0.5 * swing):
        return [f"the score fell from {best:.1%} to {now:.1%}"]
    return []


def _two_modes(chart: Chart) -> list[str]:
    seen = chart.consultation
    fell = seen.get("training_right", 0.0) - seen.get("right", 0.0)
    if fell > 0.2 and seen["loss"] > 1.5 * seen["training_loss"]:
        right = f"{seen['training_right']:.0%} right in training mode and {seen['right']:.0%} in evaluation mode"
        return [f"the same examples are answered {right}"]
    return []


def _good(chart: Chart) -> list[str]:
    solved = readings.acts(chart).get("solved")
    if solved is not None and readings.average(readings.scores(chart)[-2:]) >= solved:
        return [f"the return is {readings.average(readings.scores(chart)[-2:]):.4g}; from {solved:g} on it is solved"]
    score, (best, name, _) = readings.final_score(chart), readings.simple(chart)
    if not readings.are_shares(chart):
        return []
    if score > 0.97:
        return [f"the score is {score:.1%}"]
    if not math.isnan(best) and score > best + GOOD * (1 - best):
        return [f"the score is {score:.1%}; {name} reaches {best:.1%}"]
    return []
