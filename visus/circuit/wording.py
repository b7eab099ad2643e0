"""Numbers, arrays and shapes as they are read: three digits, small arrays whole, large ones by shape and length."""

import math

from torch import Tensor

MOST_ROWS, MOST_COLUMNS = 4, 4  # of an array that is written out
MOST_LETTERS = 44  # of an array in a line of text


def number(value: float) -> str:
    """-0.19661 -> '−0.197', 12.0 -> '12', 123456.0 -> '1.23e5'."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    rounded = f"{value:.3g}"
    if float(rounded) == 0:
        return "0"
    if "e" in rounded:
        digits, _, power = rounded.partition("e")
        rounded = f"{digits}e{int(power)}"
        rounded = f"{value:.0f}" if value == round(value) and abs(value) < 1e4 else rounded
    return rounded.replace("-", "−")


def shape(of: Tensor) -> str:
    """'a number', or '(2, 3)'."""
    return f"({', '.join(f'{n:,}' for n in of.shape)}{',' if of.ndim == 1 else ''})" if of.ndim else "a number"


def lines(array: Tensor) -> list[str]:
    """An array as lines of text: itself where it is small, else its shape and its length as a vector."""
    if array.ndim == 0:
        return [_element(array)]
    if array.numel() and array.ndim <= 2 and array.shape[-1] <= MOST_COLUMNS and len(array[..., :1]) <= MOST_ROWS:
        rows = array if array.ndim == 2 else array[None]
        words = [[_element(element) for element in row] for row in rows]
        width = max(len(word) for row in words for word in row) if len(words) > 1 else 0
        return ["[" + " ".join(word.rjust(width) for word in row) + "]" for row in words]
    return _summary(array)


def _summary(array: Tensor) -> list[str]:
    return [shape(array)] + ([f"‖·‖ {number(float(array.norm()))}"] if array.is_floating_point() else [])


def inline(array: Tensor) -> str:
    """The same in one line, at most MOST_LETTERS long."""
    found = lines(array)
    if len(found) > 1 and found[0][0] == "[" and sum(map(len, found)) > MOST_LETTERS:
        found = _summary(array)
    if len(found) == 1:
        return found[0]
    return " ".join(found) if found[0][0] == "(" else f"[{', '.join(' '.join(line.split()) for line in found)}]"


def _element(element: Tensor) -> str:
    value = element.item()
    return ("yes" if value else "no") if isinstance(value, bool) else number(float(value))
