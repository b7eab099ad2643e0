"""Which pictures are kept for validation and for one test, and whether the test's sentences stand in training, too."""

from collections.abc import Mapping
from typing import Any

from ....data.captioned import Captioned, prepare_captions
from ..._session import Session, Verdict
from .. import _shared, _words


def run(session: Session) -> Verdict:
    captioned = prepare(session)
    detail = _shared.note_parts(session.folder, captioned.split, _shared.sizes(captioned))
    _shared.describe(
        session, captioned.split, n=sum(_shared.sizes(captioned).values()), vocabulary=len(captioned.vocabulary)
    )
    test, train = (
        [words for row in captioned.rows(part) for words in captioned.words[row]] for part in ("test", "train")
    )
    leak = _words.leak(test, train)
    line = f"{_shared.parts_of(captioned)} pictures with {len(train):,} sentences to learn from, {captioned.split.how}"
    return Verdict(_words.severity_of(leak), line + _words.said_of(leak), {**detail, "leak": leak, "unit": "pictures"})


def recall(session: Session, verdict: Verdict) -> None:
    _shared.same_as_before(prepare(session).split, session, verdict)


def prepare(session: Session) -> Captioned:
    """The pictures and sentences of a session, ready to be learned from; made once."""
    found: Captioned = _shared.prepare(session, prepared_from, "looking at every picture")
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
