"""Sentences into words and back again: lower-case words and punctuation marks, each a token of its own."""

import re
import unicodedata
from collections.abc import Iterable

APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'"})
# A number may hold separators (1,000 or 3.5), a word apostrophes and hyphens within (don't, T-shirt).
TOKEN = re.compile(r"\d+(?:[.,:]\d+)+|\w+(?:['\-‐‑]\w+)*|[^\w\s]")
NO_SPACE_BEFORE = frozenset(".,;:!?)]}%…”»")
NO_SPACE_BEHIND = frozenset("([{„“«")
ENDS = frozenset(".!?…")
QUOTE = '"'


def tokenise(sentence: str, lower: bool = True) -> list[str]:
    """Words and punctuation marks in order; letters of any script, umlauts composed (NFC).

    lower: whether the words are brought to lower case. An apostrophe or hyphen within a word stays in it.
    """
    plain = unicodedata.normalize("NFC", sentence).translate(APOSTROPHES)
    return TOKEN.findall(plain.lower() if lower else plain)


def joined(tokens: Iterable[str], capital: bool = True) -> str:
    """A readable sentence of tokens: no space before punctuation, and with `capital` a capital letter first."""
    sentence, glue, quoted = "", True, False
    for token in tokens:
        closes = token in NO_SPACE_BEFORE or (token == QUOTE and quoted)
        sentence += token if glue or closes else " " + token
        glue = token in NO_SPACE_BEHIND or (token == QUOTE and not quoted)
        quoted ^= token == QUOTE
    return sentence[:1].upper() + sentence[1:] if capital else sentence
