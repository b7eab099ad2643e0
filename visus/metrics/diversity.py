"""How varied sentences are: whether each says something of its own, something new, and nothing twice."""

from collections.abc import Iterable, Sequence

LONGEST = 4  # words of a run that is looked for twice in a row

Words = Sequence[str]


def distinct(sentences: Sequence[Words]) -> float:
    """The share of sentences that are different, in (0, 1]: 1 if no two are the same; NaN for none."""
    return len({tuple(words) for words in sentences}) / len(sentences) if sentences else float("nan")


def novel(sentences: Sequence[Words], known: Iterable[Words]) -> float:
    """The share of sentences that are not, word for word, among the known ones; NaN for none."""
    seen = {tuple(words) for words in known}
    return sum(tuple(words) not in seen for words in sentences) / len(sentences) if sentences else float("nan")


def repeats(words: Words, longest: int = LONGEST) -> bool:
    """Whether a run of up to `longest` words comes twice in a row: "a a dog", "in a man in a man"."""
    return any(
        words[i : i + n] == words[i + n : i + 2 * n]
        for n in range(1, longest + 1)
        for i in range(len(words) - 2 * n + 1)
    )


def repeated(sentences: Sequence[Words]) -> float:
    """The share of sentences in which a run of words comes twice in a row; NaN for none."""
    return sum(map(repeats, sentences)) / len(sentences) if sentences else float("nan")


def used(sentences: Iterable[Words]) -> set[str]:
    """The different words that occur."""
    return {word for words in sentences for word in words}
