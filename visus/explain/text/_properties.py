"""What can be said of each place of a text: inside quotes, how far into the line, whether the word ends here.

A property is a function from the symbols to a value for each place behind which a state stands: bool (T,) where it
holds or not, float (T,) where it is an amount. NaN is a place of which nothing can be said. None reads a language's
words or grammar, so all of them can be asked of a play, a novel, or a program.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
OPEN, CLOSE = "([{", ")]}"
VOWELS = frozenset("aeiouyäöüáéíóúàèìòùâêîôûåæøœаеёиоуыэюя")
SENTENCE_ENDS = frozenset(".!?。！？")
MOST_QUOTED = 1_000  # symbols: what is longer began with a mark that was never closed
LONGEST = 100  # symbols that distances are counted to


def inside_quotes(symbols: Sequence[str]) -> Values:
    """Between a quotation mark and the next."""
    inside, since, found = False, 0, []
    for symbol in symbols:
        if symbol in "“«„" or (symbol == '"' and not inside):
            inside, since = True, 0
        elif symbol in "”»" or (symbol == '"' and inside) or since > MOST_QUOTED:
            inside = False
        since += 1
        found.append(inside)
    return np.array(found, float)


def inside_brackets(symbols: Sequence[str]) -> Values:
    """Behind an opening bracket that was not closed yet."""
    depth, since, found = 0, 0, []
    for symbol in symbols:
        if symbol in OPEN:
            depth, since = depth + 1, 0
        elif symbol in CLOSE or since > MOST_QUOTED:
            depth = max(0, depth - 1)
        since += 1
        found.append(depth > 0)
    return np.array(found, float)


def position_in_line(symbols: Sequence[str]) -> Values:
    """Symbols since the line began, up to 100."""
    return np.minimum(_since(symbols, "\n".__eq__), LONGEST)


def line_begins(symbols: Sequence[str]) -> Values:
    """The line has no symbol yet."""
    return _where(symbols, "\n".__eq__)


def line_ends(symbols: Sequence[str]) -> Values:
    """The next symbol ends the line."""
    return _next(line_begins(symbols))


def lines_since_blank(symbols: Sequence[str]) -> Values:
    """Lines since the last empty one, up to 100."""
    lines, blank, found = 0, True, []
    for symbol in symbols:
        if symbol == "\n":
            lines = 0 if blank else lines + 1
            blank = True
        elif not symbol.isspace():
            blank = False
        found.append(lines)
    return np.minimum(np.array(found, float), LONGEST)


def capital_line(symbols: Sequence[str]) -> Values:
    """The line so far has letters and all of them are capitals, at least two: a heading, a speaker's name."""
    capitals, small, found = 0, False, []
    for symbol in symbols:
        if symbol == "\n":
            capitals, small = 0, False
        capitals += symbol.isupper()
        small = small or symbol.islower()
        found.append(capitals >= 2 and not small)
    return np.array(found, float)


def indentation(symbols: Sequence[str]) -> Values:
    """White space that the line began with, symbols up to 100."""
    spaces, beginning, found = 0, True, []
    for symbol in symbols:
        if symbol == "\n":
            spaces, beginning = 0, True
        elif beginning and symbol in " \t":
            spaces += 1
        else:
            beginning = False
        found.append(spaces)
    return np.minimum(np.array(found, float), LONGEST)


def capital(symbols: Sequence[str]) -> Values:
    """This symbol is a capital letter."""
    return _where(symbols, str.isupper)


def capital_next(symbols: Sequence[str]) -> Values:
    """The next symbol is a capital letter."""
    return _next(capital(symbols))


def vowel(symbols: Sequence[str]) -> Values:
    """This symbol is a vowel."""
    return _where(symbols, lambda symbol: symbol.lower() in VOWELS)


def vowel_next(symbols: Sequence[str]) -> Values:
    """The next symbol is a vowel."""
    return _next(vowel(symbols))


def digit(symbols: Sequence[str]) -> Values:
    """This symbol is a digit."""
    return _where(symbols, str.isdigit)


def letters_of_word(symbols: Sequence[str]) -> Values:
    """Letters of the word so far."""
    return np.minimum(_since(symbols, lambda symbol: not symbol.isalpha()), LONGEST)


def word_ends(symbols: Sequence[str]) -> Values:
    """This symbol is a letter and the next is not."""
    letter = _where(symbols, str.isalpha)
    return letter * (1 - _next(letter))


def sentence_ended(symbols: Sequence[str]) -> Values:
    """Nothing but white space stands between here and the end of the sentence before."""
    over, found = True, []
    for symbol in symbols:
        over = symbol in SENTENCE_ENDS or (over and symbol.isspace())
        found.append(over)
    return np.array(found, float)


# the words for people, and whether it is an amount rather than yes or no
PROPERTIES: Mapping[str, tuple[Callable[[Sequence[str]], Values], bool]] = {
    "inside quotes": (inside_quotes, False),
    "inside brackets": (inside_brackets, False),
    "position in the line": (position_in_line, True),
    "the line begins": (line_begins, False),
    "the line ends next": (line_ends, False),
    "lines since an empty one": (lines_since_blank, True),
    "a line of capitals": (capital_line, False),
    "indentation of the line": (indentation, True),
    "capital letter": (capital, False),
    "capital letter next": (capital_next, False),
    "vowel": (vowel, False),
    "vowel next": (vowel_next, False),
    "digit": (digit, False),
    "letters of the word so far": (letters_of_word, True),
    "the word ends here": (word_ends, False),
    "a sentence has just ended": (sentence_ended, False),
}


def _where(symbols: Sequence[str], holds: Callable[[str], bool]) -> Values:
    known = {symbol: float(holds(symbol)) for symbol in set(symbols)}
    return np.array([known[symbol] for symbol in symbols], float)


def _since(symbols: Sequence[str], breaks: Callable[[str], bool]) -> Values:
    """Symbols since the last one that breaks, which itself is 0."""
    broken = _where(symbols, breaks) > 0
    places = np.arange(1, len(broken) + 1, dtype=float)
    return places - np.maximum.accumulate(np.where(broken, places, 0))


def _next(values: Values) -> Values:
    return np.append(values[1:], np.nan)
