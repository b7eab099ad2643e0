"""What came out of a search, as a verdict: the best settings, how sure they are, and what to beware of."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..doctor.finding import NOTE, PASS, WARNING
from ..report.measures import SHARES, Scale
from ..search import Search
from ._hunt import Plan, Repeated, top
from ._paired import paired
from ._search_words import names, say, written
from ._session import Verdict


def judge(
    settings: Mapping[str, Any], found: Search, repeated: Sequence[Repeated], plan: Plan, scale: Scale = SHARES
) -> Verdict:
    """settings: of the bench. repeated: best mean first. scale: of the scores. detail["best"]: the settings to use,
    empty if all diverged."""
    n, diverged = len(found.trials), sum(trial.diverged for trial in found.trials)
    rounds = max((trial.round for trial in found.trials), default=0)
    detail: dict[str, Any] = {
        "strategy": plan.strategy,
        "way": plan.way,
        "ranges": {name: written(span) for name, span in found.spans.items()},
        "border": found.borders,
        "unstable": found.unstable,
        **({"arithmetic": settings["arithmetic"]} if "arithmetic" in settings else {}),
    }
    line = f"{n} trials in {rounds} round{'s' * (rounds != 1)}"
    if found.best is None:
        text = f"{line}: all diverged; the recipe's settings are used: lower the learning rate (lr=...)"
        return Verdict(WARNING, text, {**detail, "best": {}})
    proved = bool(repeated) and repeated[0].sound
    best = dict(repeated[0].settings) if proved else top(found)[0]
    line += f": {say(best)}" + (f"; {diverged} diverged" if diverged else "")
    if proved:
        detail |= _figures(repeated)
        line += f"; {_say_repeated(repeated, detail['clear'], scale)}"
    elif repeated:
        line += "; all of the best diverged with another seed, so none can be relied on: lower the learning rate"
    if found.unstable:
        line += f"; just above that {names(found.unstable)} training falls apart"
    if found.borders:
        line += f"; the best {names(found.borders)} on the border of what was searched, though it was widened"
        return Verdict(NOTE, line, {**detail, "best": best})
    severity = WARNING if repeated and not proved else PASS
    return Verdict(severity, line + "; no best value on a border", {**detail, "best": best})


def _figures(repeated: Sequence[Repeated]) -> dict[str, Any]:
    """Every repeated setting with its mean and interval; by how much the first leads the second, seed by seed."""
    rows = []
    for one in repeated:
        around = one.around
        figures = {"mean": around.mean, "low": around.low, "high": around.high}
        rows.append({"settings": dict(one.settings), "scores": list(one.scores), **figures})
    lead, clear = None, True
    if len(repeated) > 1 and repeated[1].sound:
        first, second = ([score or 0.0 for score in one.scores] for one in repeated[:2])
        lead = paired(second, first)
        clear = lead.low > 0
    return {"repeats": rows, "lead": vars(lead) if lead else None, "clear": clear}


def _say_repeated(repeated: Sequence[Repeated], clear: bool, scale: Scale) -> str:
    n, around = len(repeated[0].scores), repeated[0].around
    text = f"with {n} other seed{'s' * (n != 1)} {scale.said(around.mean)}"
    text += f" (95 % CI {scale.interval(around.low, around.high)})" if n > 1 else ""
    if len(repeated) > 1:
        rival = "the second" if repeated[1].sound else "the others, which diverged"
        text += f", {'clearly' if clear else 'not clearly'} better than {rival}"
    return text
