"""Keep the last stretches of the text for validation and for one test, and see whether they stand in training, too."""

from ....data.text import Text
from ....doctor.finding import NOTE, PASS, WARNING
from ..._session import Session, Verdict
from .. import _shared
from . import _passages

KNOWN, MUCH = 0.02, 0.2  # share of the test's stretches that stand in training: worth a word, and too many for a test


def run(session: Session) -> Verdict:
    text = _prepare(session)
    leak = _passages.shared(text.part("test"), text.part("train"))
    detail = _shared.note_parts(session.folder, text.split, sizes(text))
    _shared.describe(session, text.split, n=len(text), symbols=len(text.vocabulary))
    parts = " / ".join(f"{n:,} {part}" for part, n in sizes(text).items())
    line = f"{parts} characters, {text.split.how}"
    if leak > KNOWN:
        line += (
            f"; {100 * leak:.1f} % of the test's stretches of {_passages.LENGTH} characters stand in the training part "
            "word for word: the test rewards memory"
        )
    severity = WARNING if leak > MUCH else NOTE if leak > KNOWN else PASS
    return Verdict(severity, line, {**detail, "leak": leak, "unit": "characters"})


def recall(session: Session, verdict: Verdict) -> None:
    _shared.same_as_before(_prepare(session).split, session, verdict)


def sizes(text: Text) -> dict[str, int]:
    """Characters of each part that there is."""
    return {part: end - begin for part, (begin, end) in text.parts.items() if end > begin}


def _prepare(session: Session) -> Text:
    text: Text = _shared.source_of(session)
    session.prepared = text
    return text
