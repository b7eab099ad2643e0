"""Look at the sentences before learning from them: are these translations of each other?"""

from collections import Counter

import numpy as np

from ....data.audit._evidence import Verdict as Check
from ....data.pairs import Pairs
from ....doctor.finding import NOTE, PASS, WARNING
from ..._session import Session, Verdict
from .. import _shared, _words
from .._text.audit import garbled
from . import split

FEW = 10_000  # pairs of sentences, below which translation is hardly learned
UNEQUAL = 3.0  # times the usual ratio of lengths: hardly a translation of each other
NAMES = 3  # words: shorter sentences may well be the same in both languages
SOME, MANY = 0.01, 0.1  # share of sentences: worth a word, and too many
SHOWN = 20  # culprits named under a check


def run(session: Session) -> Verdict:
    pairs = split.prepare(session)
    checks = [
        size(len(pairs)),
        left_out(pairs),
        untranslated(pairs),
        lengths(pairs),
        repeated(pairs),
        garbled("\n".join([*pairs.source_text, *pairs.target_text])),
        *(unknown(pairs, side) for side in ("source", "target")),
    ]
    known = [len(pairs.source_vocabulary), len(pairs.target_vocabulary)]
    told = (
        f"{len(pairs):,} pairs of sentences, {' to '.join(pairs.languages)}, {known[0]:,} and {known[1]:,} words known"
    )
    shown = [(f"{known[0]:,}", f"words of {pairs.languages[0]}"), (f"{known[1]:,}", f"words of {pairs.languages[1]}")]
    return _shared.audited(told, checks, n=len(pairs), unit="pairs of sentences", facts=shown)


def recall(session: Session, verdict: Verdict) -> None:
    """The sentences are prepared by the stage that divides them."""


def size(n: int) -> Check:
    if n < FEW:
        what = f"{n:,} pairs of sentences; translation is usually learned from a hundred thousand or more"
        return Check("size", NOTE, what, "expect it to know the commonest sentences only, or give more")
    return Check("size", PASS, f"{n:,} pairs of sentences", "")


def left_out(pairs: Pairs) -> Check:
    if not pairs.left_out:
        return Check("left_out", PASS, "every line is used", "")
    names = [f"{n:,} {reason}" for reason, n in pairs.left_out.items()]
    share = sum(pairs.left_out.values()) / (len(pairs) + sum(pairs.left_out.values()))
    severity = WARNING if share > MANY else NOTE
    return Check(
        "left_out", severity, f"lines left out: {', '.join(names)}", "look whether the lines still match", names
    )


def untranslated(pairs: Pairs) -> Check:
    """Lines that are the same in both languages teach to copy."""
    same = [
        text
        for text, left, right in zip(pairs.source_text, pairs.source, pairs.target, strict=True)
        if left == right and len(left) > NAMES
    ]
    share = len(same) / len(pairs)
    what = f"{100 * share:.2f} % of the lines are the same in both languages"
    if share <= SOME:
        return Check("untranslated", PASS, what, "")
    return Check(
        "untranslated", WARNING if share > MANY else NOTE, what, "leave them out or translate them", same[:SHOWN]
    )


def lengths(pairs: Pairs) -> Check:
    """Lines whose lengths do not fit: shifted files, cut or merged sentences."""
    ratio = np.log((pairs.lengths[:, 1] + 1) / (pairs.lengths[:, 0] + 1))
    odd = np.flatnonzero(np.abs(ratio - np.median(ratio)) > np.log(UNEQUAL))
    share = len(odd) / len(pairs)
    what = f"{100 * share:.2f} % of the lines are {UNEQUAL:g} times longer on one side than is usual here"
    if share <= SOME:
        return Check("lengths", PASS, what, "")
    names = [f"{pairs.source_text[row]} / {pairs.target_text[row]}" for row in odd[:SHOWN].tolist()]
    remedy = "look whether line n of one file is the translation of line n of the other"
    return Check("lengths", WARNING if share > MANY else NOTE, what, remedy, names)


def repeated(pairs: Pairs) -> Check:
    times = Counter(zip(map(tuple, pairs.source), map(tuple, pairs.target), strict=True))
    share = 1 - len(times) / len(pairs)
    what = f"{100 * share:.1f} % of the pairs stand there more than once"
    if share <= MANY:
        return Check("repetition", PASS, what, "")
    often = [f"{n} times: {' '.join(source)}" for (source, _), n in times.most_common(SHOWN) if n > 1]
    return Check(
        "repetition", NOTE, what, "what is frequent is learned best: leave copies out if nobody needs them", often
    )


def unknown(pairs: Pairs, side: str) -> Check:
    """Holes of one vocabulary, on the validation part."""
    vocabulary = {"source": pairs.source_vocabulary, "target": pairs.target_vocabulary}[side]
    words = {"source": pairs.source, "target": pairs.target}[side]
    language = pairs.languages[side == "target"]
    share = 1 - vocabulary.coverage(words[row] for row in pairs.rows("validation"))
    found = _words.holes(share, f"the validation sentences in {language}", 2)
    return Check(f"vocabulary of {language}", found.severity, found.what, found.remedy)
