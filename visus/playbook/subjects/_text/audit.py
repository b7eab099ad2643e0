"""Look at the text before learning from it: what stands in it that nobody meant to teach?"""

import re
import unicodedata
from collections import Counter

from ....data.audit._evidence import Verdict as Check
from ....data.text import Text
from ....data.vocabulary import described
from ....doctor.finding import NOTE, PASS, WARNING
from ..._session import Session, Verdict
from .. import _shared
from . import _passages

SMALL = 100_000  # characters, below which tables of counts are hard to beat
RARE = 5  # times: a symbol seen fewer times cannot be learned
MANY = 0.1  # share of stretches that were there before, from which a text says things twice
SOME = 0.01
SHOWN = 10  # culprits named under a check
REPLACED = "\ufffd"
GARBLED = re.compile("[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac")  # UTF-8 that was read as if it were Latin-1


def run(session: Session) -> Verdict:
    text: Text = _shared.source_of(session)
    session.show.progress("audit", 0, 1, "reading the text")
    written = "".join(text.written(part) for part in text.parts)
    counts = Counter(written)
    checks = [
        size(len(written)),
        rare(counts),
        control(counts),
        garbled(written),
        repetition(_passages.repeated(text.ids)),
    ]
    lines = written.count("\n") + 1
    told = f"{len(written):,} characters, {len(counts)} different ones, {lines:,} lines"
    return _shared.audited(told, checks, n=len(written), symbols=len(counts), unit="characters")


def recall(session: Session, verdict: Verdict) -> None:
    """The text is opened by the stage that divides it."""


def size(n: int) -> Check:
    if n < SMALL:
        what = f"the text has {n:,} characters; a book has a million"
        return Check("size", NOTE, what, "expect little beyond tables of counts, or give more text of its kind")
    return Check("size", PASS, f"the text has {n:,} characters", "")


def rare(counts: Counter[str]) -> Check:
    """Symbols that are seen too seldom to be learned."""
    seldom = sorted(symbol for symbol, n in counts.items() if n < RARE)
    names = [described(symbol) for symbol in seldom[:SHOWN]]
    if not seldom:
        return Check("rare_symbols", PASS, f"every symbol is seen at least {RARE} times", "")
    what = f"{len(seldom)} of {len(counts)} symbols are seen fewer than {RARE} times: {', '.join(names)}"
    what += " and others" if len(seldom) > SHOWN else ""
    many = len(seldom) > len(counts) / 2
    remedy = "they cannot be learned; leave them out of the text or write them in another way if there are many"
    return Check("rare_symbols", WARNING if many else NOTE, what, remedy, names)


def control(counts: Counter[str]) -> Check:
    """Symbols that no reader sees: they come from other programs, and a model learns to write them."""
    found = sorted(s for s in counts if unicodedata.category(s) in ("Cc", "Cf") and s not in "\n\t")
    if not found:
        return Check("control_characters", PASS, "no control characters but line ends and tabs", "")
    names = [f"{described(symbol)} {counts[symbol]:,} times" for symbol in found[:SHOWN]]
    what = f"{sum(counts[s] for s in found):,} control characters: {', '.join(names)}"
    return Check("control_characters", WARNING, what, "take them out, unless they mean something", names)


def garbled(written: str) -> Check:
    """Letters that went through the wrong encoding before they came here."""
    lost, odd = written.count(REPLACED), GARBLED.findall(written)
    if not lost and not odd:
        return Check("encoding", PASS, "UTF-8, without traces of another encoding", "")
    parts = [f"{lost:,} replacement characters"] if lost else []
    parts += [f"{len(odd):,} pairs such as '{Counter(odd).most_common(1)[0][0]}'"] if odd else []
    what = f"the text was read in a wrong encoding before it was saved: {' and '.join(parts)}"
    return Check("encoding", WARNING, what, "save it anew from its source as UTF-8")


def repetition(share: float) -> Check:
    what = f"{100 * share:.1f} % of all stretches of {_passages.LENGTH} characters stand earlier in the text, too"
    if share <= SOME:
        return Check("repetition", PASS, what, "")
    remedy = "take out copies, headers and licences: the model learns them by heart and the test rewards it"
    return Check("repetition", WARNING if share > MANY else NOTE, what, remedy)
