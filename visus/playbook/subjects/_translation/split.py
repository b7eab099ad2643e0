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
    detail = _shared.note_parts(session.folder, pairs.split, _shared.sizes(pairs))
    _shared.describe(session, pairs.split, n=len(pairs), languages=" to ".join(pairs.languages))
    leak = _words.leak(*([pairs.source[row] for row in pairs.rows(part)] for part in ("test", "train")))
    line = f"{_shared.parts_of(pairs)} sentences, {pairs.split.how}{_words.said_of(leak)}"
    return Verdict(_words.severity_of(leak), line, {**detail, "leak": leak, "unit": "sentences"})


def recall(session: Session, verdict: Verdict) -> None:
    _shared.same_as_before(prepare(session).split, session, verdict)


def prepare(session: Session) -> Pairs:
    """The sentences of a session, ready to be learned from; made once."""
    found: Pairs = _shared.prepare(session, prepared_from, "reading sentences")
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
