"""Play the test episodes once, and write down that it was done."""

from collections.abc import Mapping

from ....metrics.intervals import bootstrap_mean
from ....recipes._acting import TESTED
from ....report.wording import plain
from ....runs import ledger
from ....ship.opened import opened
from ....worlds._episodes import Told
from ... import _acting_evidence
from ..._acting_evidence import drawn
from ..._session import Session, Verdict
from .. import _shared
from .._generation.aims._tested import Rival
from .ground import Floats, Ground, returns

MEASURE = "mean return"


def run(session: Session) -> Verdict:
    ground: Ground = session.prepared
    agent = opened(session.folder)

    def tell(done: int, of: int, steps: int) -> None:
        session.show.progress("test", done / of, 2, "episodes")

    played = agent.play(ground.episodes, ground.seed, drawn(session.folder), stream=TESTED, progress=tell)
    ours = returns(played)
    low, high = bootstrap_mean(ours)
    rival = _rival(ground, ours, session.detail.get("baselines", {}))
    use = ledger.record(session.runs, ground.split.hash, session.folder.name, len(ours), float(ours.mean()))
    _acting_evidence.keep(session.folder, agent, played, "test", session.show)
    said = said_of(played, low, high)
    line = f"{said}; {rival.line}; {ledger.ordinal(use)}" if rival else f"{said}; {ledger.ordinal(use)}"
    detail = {
        "measure": MEASURE,
        "score": float(ours.mean()),
        "low": low,
        "high": high,
        "n": len(ours),
        "said": said,
        "solved": ground.known.solved,
        "use": use,
        "split_hash": ground.split.hash,
        **({"rival": vars(rival)} if rival else {}),
    }
    _shared.write_card(session, detail)
    lead = (rival.low, rival.high) if rival else (0.0, 0.0)
    return Verdict(_shared.severity_of(*lead, use), line, detail)


def recall(session: Session, verdict: Verdict) -> None:
    """The evidence is on disk."""


def said_of(played: list[Told], low: float, high: float) -> str:
    """`mean return 487 (95 % CI 480 to 493) over 100 episodes of 487 steps on average`."""
    totals, steps = returns(played), sum(told.length for told in played) / len(played)
    return (
        f"mean return {plain(float(totals.mean()))} (95 % CI {plain(low)} to {plain(high)}) over {len(played)} "
        f"episodes of {plain(steps)} steps on average"
    )


def _rival(ground: Ground, ours: Floats, measured: Mapping[str, object]) -> Rival | None:
    """The best player that does not look, in the test episodes; None where none was measured."""
    known = {name: score for name, score in measured.items() if isinstance(score, float)}
    if not known:
        return None
    name = max(known, key=known.__getitem__)
    theirs = returns(ground.simple(ground.players()[name], TESTED))
    n = min(len(theirs), len(ours))
    return Rival(f"player of {name}", float(theirs.mean()), *bootstrap_mean(ours[:n] - theirs[:n]))
