"""How varied sentences are: whether each says something of its own, something new, and nothing twice."""

from collections.abc import Iterable, Sequence

Words = Sequence[str]


def distinct(sentences: Sequence[Words]) -> float:
    """The share of sentences that are different, in (0, 1]: 1 if no two are the same; NaN for none."""
    return len({tuple(words) for words in sentences}) / len(sentences) if sentences else float("nan")


def novel(sentences: Sequence[Words], known: Iterable[Words]) -> float:
    """The share of sentences that are not, word for word, among the known ones; NaN for none."""
    seen = {tuple(words) for words in known}
    return sum(tuple(words) not in seen for words in sentences) / len(sentences) if sentences else float("nan")


def repeats(words: Words) -> bool:
    """Whether a word follows itself ("a a dog"), or two words come twice in a row ("a dog a dog")."""
    once = any(words[i] == words[i + 1] for i in range(len(words) - 1))
    return once or any(words[i : i + 2] == words[i + 2 : i + 4] for i in range(len(words) - 3))


def repeated(sentences: Sequence[Words]) -> float:
    """The share of sentences in which a word or two come twice in a row; NaN for none."""
    return sum(map(repeats, sentences)) / len(sentences) if sentences else float("nan")


def used(sentences: Iterable[Words]) -> set[str]:
    """The different words that occur."""
    return {word for words in sentences for word in words}
