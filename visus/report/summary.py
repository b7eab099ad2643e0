"""The run in one paragraph of plain words: how good, better than what, and may it be trusted?"""

import math
from dataclasses import dataclass

from . import measures
from .record import Record, mapping, number
from .sections import baselines, provenance, told, training, verdicts
from .sections.outcome import Outcome
from .wording import figure_of, measured, percent

WIDE = 0.10  # an interval wider than this leaves the accuracy open; more test pictures would narrow it


@dataclass(frozen=True)
class Summary:
    """`trust` is good, care, bad or open (not tested); `headline` says it in a few words, `sentences` in full."""

    trust: str
    headline: str
    sentences: list[str]


def summarise(record: Record, outcome: Outcome | None, diagnosed: list[str]) -> Summary:
    """What to think of this run. `diagnosed` holds the severities of the doctor's findings."""
    if record.only_searched:
        return _searched(record)
    stages = verdicts.attention(record)
    blocked = [stage for stage, severity in stages if severity == "blocker"]
    warned = [stage for stage, severity in stages if severity == "warning"]
    beaten, against = _against_baselines(record, outcome)
    reused = outcome is not None and outcome.use > 1
    sentences = [
        _unfinished(record) if not blocked else "",
        _measured(record, outcome),
        against,
        _solved(record, outcome),
        f"With {outcome.n} test pictures the interval is wide; more of them would narrow it."
        if outcome and outcome.gauge and outcome.high - outcome.low > WIDE
        else "",
        f"This was {provenance.uses(record)}." if reused else "",
        *(_blocked(record, stage) for stage in blocked),
        f"{_stages(warned)} raised {'a warning' if len(warned) == 1 else 'warnings'} worth reading." if warned else "",
        _doctor(diagnosed),
    ]
    if blocked or beaten is False or "blocker" in diagnosed:
        verdict = ("bad", "Not to be relied on")
    elif outcome is None:
        verdict = ("open", "Not tested yet")
    elif stages or reused or beaten is None or "warning" in diagnosed:
        verdict = ("care", "Usable with care")
    else:
        verdict = ("good", "Nothing speaks against it")
        things = outcome.things if outcome.gauge else "data"
        sentences.append(f"Nothing in the record speaks against relying on this figure for {things} like these.")
    return Summary(*verdict, [sentence for sentence in sentences if sentence])


def _searched(record: Record) -> Summary:
    """Of a search alone there is no network to trust, only settings to train one with."""
    verdict = record.verdict("search")
    if verdict is None:
        return Summary(
            "open", "Not finished", ["The search has not finished; the page tells what it has tried so far."]
        )
    command = str(mapping(verdict.get("detail")).get("next") or "")
    found = f"To train with what was found: {command}" if command else "No settings were found that learn."
    return Summary("open", "Nothing trained yet", [f"{verdict.get('line', '')}.", found])


def _measured(record: Record, outcome: Outcome | None) -> str:
    if outcome:
        things = f"test {outcome.things}"
        pictures = f"{outcome.n} {things}" if outcome.n else f"the {things}"
        if sentence := measures.named(outcome.measure).sentence:
            ends = {"value": outcome.accuracy, "low": outcome.low, "high": outcome.high}
            return sentence.format(pictures=pictures, **{name: outcome.said(end) for name, end in ends.items()})
        if not outcome.gauge:
            return _on_its_own_scale(record, outcome)
        if outcome.measure != "accuracy":
            return told.sentence(record, outcome, pictures)
        return (
            f"The network named {percent(outcome.accuracy)} of {pictures} correctly; with 95 % confidence its true "
            f"accuracy on pictures like these lies between {percent(outcome.low)} and {percent(outcome.high)}."
        )
    best = training.best_score(record)
    if best is None:
        return "There is no score yet: the network has not been evaluated."
    name, value = best
    shown = figure_of(name, value)
    return (
        f"The best {measured(name)} was {shown}; there is no test result, and the best of many looks may "
        "flatter, so take the figure as a sign of progress and not as a promise."
    )


def _on_its_own_scale(record: Record, outcome: Outcome) -> str:
    """The sentence of a test whose figure is no share."""
    ends = f"{outcome.said(min(outcome.low, outcome.high))} and {outcome.said(max(outcome.low, outcome.high))}"
    return (
        f"On {outcome.n:,} test {outcome.things} the model came to {outcome.said(outcome.accuracy)} {outcome.measure}; "
        f"with 95 % confidence the true figure on data like these lies between {ends}."
    )


def _solved(record: Record, outcome: Outcome | None) -> str:
    """Whether a world counts as solved, where somebody has said from when on it does."""
    solved = number(record.detail("test").get("solved"))
    if outcome is None or not math.isfinite(solved):
        return ""
    reached = f"a mean return of {outcome.said(solved)} is held to solve this world"
    return f"It is solved: {reached}." if outcome.accuracy >= solved else f"It is not solved yet: {reached}."


def _against_rival(record: Record) -> tuple[bool | None, str]:
    """(whether the model beats the best simple method on the same test, None if that is open; the sentence)."""
    rival = mapping(record.detail("test").get("rival"))
    name, low, high = str(rival.get("name") or ""), number(rival.get("low")), number(rival.get("high"))
    if not name or not math.isfinite(low):
        return None, "No simple method was measured beside it, so nothing says whether a network was needed."
    if low > 0:
        return True, f"That is better than the best simple method, the {name}, on the same data, and no luck."
    if high < 0:
        return False, f"The best simple method, the {name}, is better: the network has brought nothing yet."
    return None, f"It cannot be told from the best simple method, the {name}, on the same data."


def _against_baselines(record: Record, outcome: Outcome | None) -> tuple[bool | None, str]:
    """(whether the network beats the best baseline, None if that is open; the sentence that says so)."""
    if outcome and not outcome.gauge:
        return _against_rival(record)
    known = baselines.scores(record)
    if not known:
        missing = "No simple method was measured beside it, so nothing says whether a network was needed."
        return None, missing if outcome else ""
    name, value = known[-1]
    rival = f"the best simple method ({name}, {percent(value)} on the validation pictures)"
    if outcome is None:
        return None, f"It has to beat {rival}."
    if outcome.low > value:
        return True, f"Even the lower end is above {rival}."
    if outcome.accuracy > value:
        return None, f"That is ahead of {rival}, but the interval reaches down to it, so the lead is not certain."
    return False, f"That does not beat {rival}: the network has brought nothing yet."


def _blocked(record: Record, stage: str) -> str:
    line = str((record.verdict(stage) or {}).get("line", "")).rstrip(".")
    return f"The {stage} blocked the run: {line}." if line else f"The {stage} blocked the run."


def _doctor(diagnosed: list[str]) -> str:
    if "blocker" in diagnosed:
        return "The doctor found a grave fault: see the findings below."
    return "The doctor left a warning: see the findings below." if "warning" in diagnosed else ""


def _unfinished(record: Record) -> str:
    by_playbook = bool(record.of("verdict")) or record.info.get("recipe") == "fit"
    if by_playbook:
        finished = record.verdict("report") is not None
    else:
        marks = [event for event in record.events if event.get("event") in ("started", "resumed", "stopped")]
        finished = bool(marks) and marks[-1].get("event") == "stopped" and not marks[-1].get("why")
    return "" if finished else "This run has not finished; the page tells what it has recorded so far."


def _stages(stages: list[str]) -> str:
    named = [f"the {stage}" for stage in stages]
    text = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return text[0].upper() + text[1:]
