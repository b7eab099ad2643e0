"""A vocabulary: which words or characters a model knows, and the number of each."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PAD, START, END, UNKNOWN = SPECIALS = ("<pad>", "<start>", "<end>", "<unk>")  # indices 0 to 3 of a vocabulary of words
SHOWN = 5  # unknown symbols that an error message names
LISTED = 30  # known symbols, or ranges of them, that it lists


@dataclass(frozen=True)
class Vocabulary:
    """Tokens in the order of their indices: words behind the four specials, or characters without any.

    Raises ValueError for a vocabulary that is empty or names a token twice.
    """

    tokens: tuple[str, ...]
    index: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.tokens:
            raise ValueError("a vocabulary needs at least one token, and none came; is the text empty?")
        index = {token: number for number, token in enumerate(self.tokens)}
        if len(index) < len(self.tokens):
            (twice, _), *_ = Counter(self.tokens).most_common(1)
            raise ValueError(f"a vocabulary holds each token once, and {described(twice)} came twice; leave one out")
        object.__setattr__(self, "index", index)

    @classmethod
    def of_words(cls, sentences: Iterable[Sequence[str]], threshold: int = 1, most: int = 0) -> "Vocabulary":
        """The four specials, then the words of the sentences, the frequent first and ties in alphabetical order.

        threshold: a word seen fewer times is UNKNOWN. most: at most so many words besides the specials; 0: all.
        """
        seen = Counter(word for sentence in sentences for word in sentence)
        ordered = sorted(seen.items(), key=lambda pair: (-pair[1], pair[0]))
        words = [word for word, times in ordered if times >= threshold and word not in SPECIALS]
        return cls(SPECIALS + tuple(words[: most or None]))

    @classmethod
    def of_symbols(cls, text: str) -> "Vocabulary":
        """The characters of a text in the order of their code points, without specials."""
        return cls(tuple(sorted(set(text))))

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Vocabulary":
        """What `facts` wrote."""
        return cls(tuple(facts["tokens"]))

    def facts(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return {"tokens": list(self.tokens)}

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self.index

    @property
    def pad(self) -> int:
        """The index of what fills short sentences up."""
        return self._special(PAD)

    @property
    def start(self) -> int:
        """The index of what stands before a sentence."""
        return self._special(START)

    @property
    def end(self) -> int:
        """The index of what stands behind a sentence."""
        return self._special(END)

    @property
    def unknown(self) -> int:
        """The index of every word that is not known."""
        return self._special(UNKNOWN)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Indices of tokens; a text is an iterable of its characters. Where there is no UNKNOWN, an unknown token
        raises ValueError."""
        tokens = list(tokens)
        unknown = self.index.get(UNKNOWN)
        if unknown is not None:
            return [self.index.get(token, unknown) for token in tokens]
        try:
            return [self.index[token] for token in tokens]
        except KeyError:
            raise ValueError(self._unknown_symbols(tokens)) from None

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Tokens of indices, up to the first END; PAD and START are left out."""
        found = []
        end, silent = self.index.get(END), {self.index.get(PAD), self.index.get(START)}
        for number in map(int, ids):
            if number == end:
                break
            if not 0 <= number < len(self.tokens):
                raise ValueError(f"index {number} is outside the vocabulary of {len(self)}; was it another model's?")
            if number not in silent:
                found.append(self.tokens[number])
        return found

    def coverage(self, sentences: Iterable[Sequence[str]]) -> float:
        """The share of words that are known, from 0 to 1; 1 where there are no words."""
        seen = Counter(word for sentence in sentences for word in sentence)
        known = sum(times for word, times in seen.items() if word in self.index)
        return known / seen.total() if seen else 1.0

    def _special(self, token: str) -> int:
        if token not in self.index:
            raise ValueError(f"a vocabulary of characters has no {token}; build one of words with Vocabulary.of_words")
        return self.index[token]

    def _unknown_symbols(self, tokens: Sequence[str]) -> str:
        strangers = list(dict.fromkeys(token for token in tokens if token not in self.index))
        named = ", ".join(map(described, strangers[:SHOWN]))
        more = f" and {len(strangers) - SHOWN} more" if len(strangers) > SHOWN else ""
        verb = "is" if len(strangers) == 1 else "are"
        return (
            f"{named}{more} {verb} not among the {len(self)} symbols that the model knows ({_listed(self.tokens)}); "
            "leave out what is unknown, or replace it"
        )


def described(token: str) -> str:
    """A token for a message: a character with its code point and name, since many look alike or like nothing."""
    if len(token) != 1:
        return repr(token)
    name = unicodedata.name(token, "")
    return f"{token!r} (U+{ord(token):04X}{', ' + name.lower() if name else ''})"


def _listed(tokens: Iterable[str]) -> str:
    """Symbols for a message: those that follow each other as A-Z, the invisible left out, at most LISTED."""
    runs: list[list[str]] = []
    for token in tokens:
        if len(token) != 1 or not token.isprintable() or token.isspace():
            continue
        if runs and ord(token) == ord(runs[-1][-1]) + 1:
            runs[-1].append(token)
        else:
            runs.append([token])
    shown = [f"{run[0]}-{run[-1]}" if len(run) > 2 else " ".join(run) for run in runs]
    return " ".join(shown[:LISTED]) + (" and others" if len(shown) > LISTED else "")
