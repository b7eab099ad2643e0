"""Look at pictures and sentences before learning from them."""

from collections import Counter

from ....data.audit._evidence import Verdict as Check
from ....data.captioned import Captioned
from ....doctor.finding import NOTE, PASS, WARNING
from ..._session import Session, Verdict
from .. import _shared, _words
from . import split

FEW_PICTURES = 1_000  # below it, a captioner learns to write and hardly to look
SHORT = 3  # words: less describes nothing
SOME, MANY = 0.01, 0.1  # share of sentences: worth a word, and too many
SHOWN = 20  # culprits named under a check


def run(session: Session) -> Verdict:
    captioned = split.prepare(session)
    facts = captioned.facts()
    sentences = [words for row in captioned.words for words in row]
    checks = [
        size(len(captioned.sentences)),
        left_out(captioned),
        short(captioned),
        long(sum(facts[part]["cut_off"] for part in _shared.sizes(captioned)), len(sentences), captioned.longest),
        repeated(captioned),
        _words.holes(1 - facts["validation"]["coverage"], "the validation captions", captioned.threshold),
    ]
    shown = [(f"{len(sentences):,}", "sentences"), (f"{len(captioned.vocabulary):,}", "words known")]
    told = ", ".join([f"{len(captioned.sentences):,} pictures", *(f"{n} {what}" for n, what in shown)])
    return _shared.audited(told, checks, n=len(captioned.sentences), unit="pictures", facts=shown, figures=facts)


def recall(session: Session, verdict: Verdict) -> None:
    """Pictures and sentences are prepared by the stage that divides them."""


def size(n: int) -> Check:
    if n < FEW_PICTURES:
        what = f"{n:,} pictures; captioners are usually trained on tens of thousands"
        return Check("size", NOTE, what, "expect fluent sentences that are often wrong, or give more pictures")
    return Check("size", PASS, f"{n:,} pictures", "")


def left_out(captioned: Captioned) -> Check:
    """Pictures that are missing or cannot be read, and captions without any words."""
    if not captioned.problems:
        return Check("left_out", PASS, "every picture is there and can be read", "")
    names = list(captioned.problems)[:SHOWN]
    return Check("left_out", WARNING, "; ".join(names[:3]), "add what is missing, or go on without", names)


def short(captioned: Captioned) -> Check:
    few = [
        f"{name}: {' '.join(words) or '(nothing)'}"
        for name, row in zip(captioned.pictures.collection.names, captioned.words, strict=True)
        for words in row
        if len(words) < SHORT
    ]
    share = len(few) / max(1, sum(map(len, captioned.words)))
    what = f"{100 * share:.1f} % of the sentences have fewer than {SHORT} words"
    if share <= SOME:
        return Check("short_sentences", PASS, what, "")
    severity = WARNING if share > MANY else NOTE
    return Check("short_sentences", severity, what, "leave them out: they teach it to say nothing", few[:SHOWN])


def long(n_cut: int, n: int, longest: int) -> Check:
    share = n_cut / max(1, n)
    what = f"{100 * share:.1f} % of the sentences have more than {longest} words and are cut off there"
    if share <= SOME:
        return Check("long_sentences", PASS, what, "")
    return Check("long_sentences", WARNING if share > MANY else NOTE, what, "set longest higher")


def repeated(captioned: Captioned) -> Check:
    """Sentences that many pictures share say nothing of any of them."""
    times = Counter(" ".join(words) for row in captioned.words for words in {tuple(words) for words in row})
    n = sum(times.values())
    often = [(sentence, k) for sentence, k in times.most_common(SHOWN) if k > 1]
    share = sum(k for k in times.values() if k > 1) / max(1, n)
    what = f"{100 * share:.1f} % of the sentences are said of more than one picture"
    if share <= MANY:
        return Check("repeated_sentences", PASS, what, "")
    names = [f"{k} times: {sentence}" for sentence, k in often]
    return Check("repeated_sentences", NOTE, what, "a sentence that fits many pictures teaches little of any", names)
