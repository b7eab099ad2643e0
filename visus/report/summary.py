"""The run in one paragraph of plain words: how good, better than what, and may it be trusted?"""

from dataclasses import dataclass

from .record import Record
from .sections import baselines, provenance, training, verdicts
from .sections.outcome import Outcome

WIDE = 0.10  # an interval wider than this many points leaves the accuracy open; more test pictures would narrow it


@dataclass(frozen=True)
class Summary:
    """`trust` is good, care, bad or open (not tested); `headline` says it in a few words, `sentences` in full."""

    trust: str
    headline: str
    sentences: list[str]


def summarise(record: Record, outcome: Outcome | None, diagnosed: list[str]) -> Summary:
    """What to think of this run. `diagnosed` holds the severities of the doctor's findings."""
    stages = verdicts.attention(record)
    blocked = [stage for stage, severity in stages if severity == "blocker"]
    warned = [stage for stage, severity in stages if severity == "warning"]
    sentences = [_measured(record, outcome)]
    beaten, against = _against_baselines(record, outcome)
    sentences += [against] if against else []
    if outcome and outcome.high - outcome.low > WIDE:
        sentences.append(f"With {outcome.n} test pictures the interval is wide; more of them would narrow it.")
    reused = outcome is not None and outcome.use > 1
    if reused:
        sentences.append(f"This was {provenance.ledger(record)}.")
    if blocked:
        sentences.append(f"{_stages(blocked)} found something that makes the result unreliable: look there first.")
    if warned:
        sentences.append(f"{_stages(warned)} raised {'a warning' if len(warned) == 1 else 'warnings'} worth reading.")
    if "blocker" in diagnosed and not blocked:
        sentences.append("The doctor found a grave fault: see the findings below.")
    elif "warning" in diagnosed and not (blocked or warned):
        sentences.append("The doctor left a warning: see the findings below.")
    if outcome is None:
        return Summary("bad", "Not to be relied on", sentences) if blocked else Summary("open", "Not tested yet", sentences)
    if blocked or beaten is False or "blocker" in diagnosed:
        return Summary("bad", "Not to be relied on", sentences)
    if stages or reused or beaten is None or "warning" in diagnosed:
        return Summary("care", "Usable with care", sentences)
    sentences.append("Nothing in the record speaks against relying on this figure for pictures like these.")
    return Summary("good", "Nothing speaks against it", sentences)


def _measured(record: Record, outcome: Outcome | None) -> str:
    if outcome:
        pictures = f"{outcome.n} test pictures" if outcome.n else "test pictures"
        return (
            f"The network named {_percent(outcome.accuracy)} of {pictures} correctly; with 95 % confidence its true "
            f"accuracy on pictures like these lies between {_percent(outcome.low)} and {_percent(outcome.high)}."
        )
    best = training.best_score(record)
    if best is None:
        return "This run has no score yet: it stopped before the network was evaluated."
    name, value = best[0].replace("_", " "), best[1]
    shown = _percent(value) if 0 <= value <= 1 and not best[0].endswith("loss") else f"{value:.4g}"
    return (
        f"The best {name} was {shown}; there is no test result, and a best of many looks "
        "may flatter, so take the figure as a sign of progress and not as a promise."
    )


def _against_baselines(record: Record, outcome: Outcome | None) -> tuple[bool | None, str]:
    """(whether the network beats the best baseline; None if that is open, the sentence that says so)."""
    known = baselines.scores(record)
    if not known:
        return None, "No simple method was measured beside it, so nothing says whether a network was needed." if outcome else ""
    name, value = known[-1]
    rival = f"the best simple method ({name}, {_percent(value)} on the validation pictures)"
    if outcome is None:
        return None, f"It has to beat {rival}."
    if outcome.low > value:
        return True, f"Even the lower end is above {rival}."
    if outcome.accuracy > value:
        return None, f"That is ahead of {rival}, but the interval reaches down to it, so the lead is not certain."
    return False, f"That does not beat {rival}: the network brings nothing yet."


def _stages(stages: list[str]) -> str:
    named = [f"the {stage}" for stage in stages]
    text = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return text[0].upper() + text[1:]


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}\u00a0%"
