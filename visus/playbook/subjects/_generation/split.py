"""Which pictures are kept for validation and for one test; at which size, with how many levels they are drawn."""

from collections.abc import Mapping
from typing import Any

from ....data.audit._gather import Gathered, gather
from ....data.collection import Collection
from ....data.decode import Frame
from ....data.drawings import drawn_of
from ....data.named import cache
from ....data.prepare import choose_frame, divide, finish, fits
from ....doctor.finding import NOTE, PASS
from ..._session import BlockedError, Session, Show, Silent, Verdict
from .. import _shared
from .aims._aimed import Aimed, aimed

FEW = 1000  # training pictures, below which a network soon knows them by heart


def run(session: Session) -> Verdict:
    drawings = prepare(session)
    detail = _shared.note_parts(session.folder, drawings.split, _shared.sizes(drawings))
    _shared.describe(session, drawings.split, n=len(drawings.pictures.collection), classes=list(drawings.classes))
    line = f"{_shared.parts_of(drawings)} pictures, {drawings.split.how}"
    few = len(drawings.rows("train")) < FEW
    if few:
        line += "; so few are soon known by heart: watch the validation part, and the nearest neighbours in the report"
    return Verdict(NOTE if few else PASS, line, {**detail, "unit": "pictures"})


def recall(session: Session, verdict: Verdict) -> None:
    _shared.same_as_before(prepare(session).split, session, verdict)


def prepare(session: Session) -> Aimed:
    """The pictures of a session, ready to be learned from; made once. Raises BlockedError for what cannot be drawn."""
    if session.prepared is None:
        try:
            source, settings = _shared.source_of(session), _shared.resolved(session)
            session.gathered, session.frame = looked_at(source, settings, session.show)
            session.prepared = drawn(session.gathered, session.frame, settings)
        except ValueError as error:
            raise BlockedError(str(error)) from error
    found: Aimed = session.prepared
    return found


def prepared_from(source: Collection, settings: Mapping[str, Any]) -> Aimed:
    """Pictures as settings, resolved, ask for them; of several sizes, at one that is chosen."""
    gathered, frame = looked_at(source, settings, Silent())
    return drawn(gathered, frame, settings)


def looked_at(source: Collection, settings: Mapping[str, Any], show: Show) -> tuple[Gathered, Frame]:
    """What is to be seen of every picture, and the size that all are brought to."""
    frame = choose_frame(source, settings["size"], settings["framing"])
    held = fits(source, frame, settings["memory"])

    def progress(done: int, total: int) -> None:
        show.progress("audit", done, total, "pictures")

    return gather(source, frame if held else None, progress=progress, cache=cache()), frame


def drawn(gathered: Gathered, frame: Frame, settings: Mapping[str, Any]) -> Aimed:
    """Pictures that were looked at, divided and as levels. Raises ValueError for what cannot be."""
    pictures = finish(gathered, frame, divide(gathered, settings["seed"], fewest_classes=1))
    how = {name: settings[name] for name in ("channels", "levels", "binarise")}
    return aimed(drawn_of(pictures, settings["seed"], **how), settings)
