"""What players reach that do not look: one that does not beat them has learned nothing."""

from ....doctor.finding import PASS
from ....recipes._acting import JUDGED
from ....report.wording import plain
from ..._session import Session, Verdict
from .. import _shared
from .ground import RANDOM, Ground, returns


def run(session: Session) -> Verdict:
    ground: Ground = session.prepared
    players, found = ground.players(), dict[str, float]()
    for number, (name, act) in enumerate(players.items()):

        def tell(done: int, of: int, steps: int, number: int = number, name: str = name) -> None:
            session.show.progress("baselines", number + done / of, len(players), name)

        found[name] = float(returns(ground.simple(act, JUDGED, tell)).mean())
    best = _shared.best_of(found)
    line = f"{RANDOM} {plain(found[RANDOM])}"
    if found[RANDOM] != best:
        name = max(found, key=found.__getitem__)
        line += f"; best of {len(found)} that do not look: {name} {plain(best)}"
    return Verdict(PASS, line, found)


def recall(session: Session, verdict: Verdict) -> None:
    """Nothing is learned from them."""
