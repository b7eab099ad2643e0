"""Which pictures are kept for validation and for one test, and whether the test's sentences stand in training, too."""

from collections.abc import Mapping
from typing import Any

from ....data.captioned import Captioned, prepare_captions
from ..._session import Session, Verdict
from .. import _shared, _words


def run(session: Session) -> Verdict:
    captioned = prepare(session)
    detail = _shared.note_parts(session.folder, captioned.split, sizes(captioned))
    _shared.describe(session, captioned.split, n=sum(sizes(captioned).values()), vocabulary=len(captioned.vocabulary))
    test, train = (
        [words for row in captioned.rows(part) for words in captioned.words[row]] for part in ("test", "train")
    )
    leak = _words.leak(test, train)
    parts = " / ".join(f"{n:,} {part}" for part, n in sizes(captioned).items())
    line = f"{parts} pictures with {len(train):,} sentences to learn from, {captioned.split.how}"
    severity = _words.severity_of(leak)
    line += (
        f"; {100 * leak:.1f} % of the test's sentences stand in training word for word" if severity != "pass" else ""
    )
    return Verdict(severity, line, {**detail, "leak": leak, "unit": "pictures"})


def recall(session: Session, verdict: Verdict) -> None:
    _shared.same_as_before(prepare(session).split, session, verdict)


def sizes(captioned: Captioned) -> dict[str, int]:
    """Pictures of each part."""
    return {part: len(captioned.rows(part)) for part in ("train", "validation", "test")}


def prepare(session: Session) -> Captioned:
    """The pictures and sentences of a session, ready to be learned from; made once."""
    if session.prepared is None:
        session.show.progress("audit", 0, 1, "looking at every picture")
        session.prepared = prepared_from(_shared.source_of(session), _shared.resolved(session))
    found: Captioned = session.prepared
    return found


def prepared_from(source: Any, settings: Mapping[str, Any]) -> Captioned:
    """Pictures and sentences as settings, resolved, ask for them."""
    return prepare_captions(
        source,
        settings["size"],
        settings["framing"],
        settings["seed"],
        settings["memory"],
        settings["threshold"],
        settings["longest"],
    )
