"""A diagnosis in plain text: the verdict first, then causes with evidence, notes, and what was not examined."""

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .finding import Finding

if TYPE_CHECKING:
    from .diagnosis import Diagnosis

WIDTH = 88  # columns; fits half a wide screen and a notebook's output
NOTES = "Notes (unusual, but not harmful as far as was measured)"
UNCLEAR = "nothing shows that the outcome is hurt, nor yet that it is good"
MOST_CAUSES = 5  # further down the ranking they are noise


def text(diagnosis: "Diagnosis") -> str:
    """`diagnosis` for a terminal: no colours, lines of at most WIDTH but for the verdict, which is one line."""
    return "\n".join([verdict(diagnosis), *_body(diagnosis)])


def verdict(diagnosis: "Diagnosis") -> str:
    """One line: what hurts and the most likely cause, or that nothing does."""
    steps, reasons = _steps(diagnosis.steps), [clean(reason) for reason in diagnosis.outcome.reasons]
    if diagnosis.alarm:
        cause = f"Most likely cause: {title(diagnosis.causes[0])}" if diagnosis.causes else "No cause found"
        if diagnosis.outcome.state != "hurt" and diagnosis.causes:  # a mistake in itself, whatever came of it
            reasons = [clean(diagnosis.causes[0].what)]
        return f"ALARM after {steps}: {_stripped(reasons, 'the outcome is hurt')}. {cause}."
    if diagnosis.outcome.state == "fine":
        return f"Healthy after {steps}: {_stripped(reasons, 'the outcome is fine')}."
    return f"No alarm after {steps}: {_stripped(reasons, UNCLEAR)}."


def title(finding: Finding) -> str:
    """The cause in a few words: learning rate too high (lr)."""
    name = clean(finding.kind).replace("_", " ") or _stripped([clean(finding.cause or finding.what)], "unnamed")
    where = clean(finding.where)
    return f"{name} ({where})" if where and where not in name else name


def evidence(finding: Finding) -> str:
    """What was measured, and what it was held to."""
    what, against = clean(finding.what), clean(finding.against)
    return f"{what} (expected: {against})" if against else what


def noted(note: Finding) -> str:
    """A note in one line: what it is about, what was measured, and what may lie behind it."""
    about = f"{title(note)}: " if note.kind else ""
    return f"{about}{evidence(note)}" + (f"; {clean(note.cause)}" if note.cause else "")


def diff(change: Mapping[str, Any], settings: Mapping[str, Any] | None = None) -> list[tuple[str, str]]:
    """The change proposed, as (sign, line): ('-', 'lr = 10'), ('+', 'lr = 1').

    settings: values now, where known; without one a factor stays a factor: ('+', 'lr = 0.1 × what it is').
    """
    lines = []
    for name, value in change.items():
        now = (settings or {}).get(name)
        factor = value.get("times") if isinstance(value, Mapping) else None
        if now is not None:
            lines.append(("-", f"{clean(name)} = {plain(now)}"))
        if factor is None:
            lines.append(("+", f"{clean(name)} = {plain(value)}"))
        elif _is_number(now):
            lines.append(("+", f"{clean(name)} = {plain(now * factor)}"))
        else:
            lines.append(("+", f"{clean(name)} = {plain(factor)} × what it is"))
    return lines


def plain(value: Any) -> str:
    """Numbers to four digits, everything else as Python writes it."""
    return f"{value:.4g}" if isinstance(value, float) else clean(repr(value))


def clean(words: Any) -> str:
    """One line of printable characters: names come from foreign models, and a terminal obeys control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(words)).split())


def other_reasons(diagnosis: "Diagnosis") -> list[str]:
    """What else tells how the run turned out, besides the reason in the verdict."""
    told = 0 if diagnosis.alarm and diagnosis.outcome.state != "hurt" else 1
    return [clean(reason) for reason in diagnosis.outcome.reasons[told:]]


def raised(diagnosis: "Diagnosis") -> str:
    """When the first alarm was raised while the run went on; '' if there was none."""
    first = diagnosis.first_alarm
    return f"the first alarm came after {_steps(first)}" if first is not None else ""


def _body(diagnosis: "Diagnosis") -> Iterator[str]:
    more = other_reasons(diagnosis) + ([raised(diagnosis)] if raised(diagnosis) else [])
    if more:
        yield ""
    for reason in more:
        yield from _wrapped(f"{reason[:1].upper()}{reason[1:]}", "  ")
    if diagnosis.causes:
        yield from ("", "Causes, the likeliest first" if len(diagnosis.causes) > 1 else "Cause")
    for number, cause in enumerate(diagnosis.causes[:MOST_CAUSES], 1):
        yield from _wrapped(title(cause), f" {number}. ")
        yield from _details(cause, diagnosis.settings)
    left = len(diagnosis.causes) - MOST_CAUSES
    if left > 0:
        yield f"    and {left} less likely"
    yield from _list(NOTES, [noted(note) for note in diagnosis.notes])
    yield from _list("Not examined", [because(sentence) for sentence in diagnosis.unexamined])


def because(sentence: Any) -> str:
    """'the layers: the model is compiled' -> 'the layers, because the model is compiled'."""
    what, colon, why = clean(sentence).partition(": ")
    return f"{what}, because {why}" if colon and "because" not in what else clean(sentence)


def _details(finding: Finding, settings: Mapping[str, Any]) -> Iterator[str]:
    for label, words in (
        ("measured", evidence(finding)),
        ("because", clean(finding.cause)),
        ("remedy", clean(finding.remedy)),
    ):
        if words:
            yield from _wrapped(words, f"    {label:<9} ")
    for sign, line in diff(finding.change, settings):
        yield f"    {sign} {line}"


def _list(heading: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield from ("", heading)
    for item in items:
        yield from _wrapped(item, "  - ")


def _wrapped(words: str, lead: str) -> list[str]:
    return textwrap.wrap(
        words, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead), break_on_hyphens=False
    ) or [lead.rstrip()]


def _stripped(sentences: Sequence[str], otherwise: str) -> str:
    return (sentences[0].rstrip(". ") if sentences else "") or otherwise


def _steps(n: int) -> str:
    return "1 step" if n == 1 else f"{n} steps"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
