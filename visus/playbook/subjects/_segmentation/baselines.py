"""What label maps without a network are worth: a network that does not beat them has learned nothing worth having."""

from ....doctor.finding import PASS
from ..._session import Session, Verdict
from . import _simple, split


def run(session: Session) -> Verdict:
    prepared, progress = split.prepare(session), session.show.progress
    progress("baselines", 0, 2, "what usually lies where")
    found = {"commonest": _simple.commonest(prepared), "usual_places": _simple.usual_places(prepared)}
    progress("baselines", 1, 2, "a forest of single pixels")
    found["forest"] = _simple.forest(prepared, session.seed)
    line = "mean IoU: " + "   ".join(f"{name.replace('_', ' ')} {100 * value:.1f} %" for name, value in found.items())
    return Verdict(PASS, line, found)


def recall(session: Session, verdict: Verdict) -> None:
    """Nothing is learned from them."""
