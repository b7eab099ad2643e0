"""What a search says: where it looks, round by round, and what came out."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..search import Choices, Search, Span

DIGITS = 2  # significant, of a searched value that is used: the next digit makes no difference that anybody could tell


def round_line(number: int, trials: int, epochs: float, found: Search) -> str:
    """`round 2: 7 trials of 2 epochs; lr 0.001 to 0.03, ...`."""
    where = ", ".join(f"{name.replace('_', ' ')} {say_span(span)}" for name, span in found.spans.items())
    line = f"round {number}: {trials} trials of {epochs:.2g} epoch{'s' * (epochs != 1)}; {where}"
    widened = [name for name in found.widened if name in found.spans]
    return line + (f"; {names(widened)} widened, as the best lay on the border" if widened else "")


def say_span(span: Span | Choices) -> str:
    """`0.001 to 1`, or `sgd or adam`."""
    if isinstance(span, Choices):
        return " or ".join(_word(value) for value in span.values)
    return f"{_word(span.at(0.0))} to {_word(span.at(1.0))}"


def say(settings: Mapping[str, Any]) -> str:
    """`lr 0.03, weight decay 1e-05`."""
    return ", ".join(f"{name.replace('_', ' ')} {_word(value)}" for name, value in settings.items())


def rounded(value: Any) -> Any:
    """A searched value as it is used: numbers to DIGITS significant digits."""
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else str(value)


def names(of: Sequence[str]) -> str:
    """`lr and weight decay`."""
    return " and ".join(name.replace("_", " ") for name in of)


def written(span: Span | Choices) -> list[Any]:
    """[low, high, log] of a span; ["a", "b"] of choices."""
    return [span.low, span.high, span.log] if isinstance(span, Span) else list(span.values)
