"""Which sentences are kept for validation and for one test, and whether the test's stand in training, too."""

from collections.abc import Mapping
from typing import Any

from ....data.pairs import Pairs, prepare_pairs
from ..._session import BlockedError, Session, Verdict
from .. import _shared, _words


def run(session: Session) -> Verdict:
    pairs = prepare(session)
    if not len(pairs.rows("test")):
        raise BlockedError(f"{pairs.origin} leaves no sentences for a test; give more")
    detail = _shared.note_parts(session.folder, pairs.split, sizes(pairs))
    _shared.describe(session, pairs.split, n=len(pairs), languages=" to ".join(pairs.languages))
    leak = _words.leak(*([pairs.source[row] for row in pairs.rows(part)] for part in ("test", "train")))
    parts = " / ".join(f"{n:,} {part}" for part, n in sizes(pairs).items())
    severity = _words.severity_of(leak)
    line = f"{parts} sentences, {pairs.split.how}"
    line += (
        f"; {100 * leak:.1f} % of the test's sentences stand in training word for word" if severity != "pass" else ""
    )
    return Verdict(severity, line, {**detail, "leak": leak, "unit": "sentences"})


def recall(session: Session, verdict: Verdict) -> None:
    _shared.same_as_before(prepare(session).split, session, verdict)


def sizes(pairs: Pairs) -> dict[str, int]:
    """Sentences of each part."""
    return {part: len(pairs.rows(part)) for part in ("train", "validation", "test")}


def prepare(session: Session) -> Pairs:
    """The sentences of a session, ready to be learned from; made once."""
    if session.prepared is None:
        session.show.progress("audit", 0, 1, "reading sentences")
        session.prepared = prepared_from(_shared.source_of(session), _shared.resolved(session))
    found: Pairs = session.prepared
    return found


def prepared_from(source: Any, settings: Mapping[str, Any]) -> Pairs:
    """Sentences as settings, resolved, ask for them."""
    return prepare_pairs(
        source,
        settings["languages"],
        settings["lower"],
        settings["threshold"],
        settings["longest"],
        settings["seed"],
    )
