"""Look at a world before acting in it: does it keep what it promises?"""

import math

import numpy as np

from ....data.audit._evidence import Verdict as Check
from ....doctor.finding import BLOCKER, PASS, WARNING
from ....geometry.spaces import Choices
from ....recipes._acting import TRAINED
from ....worlds._contract import World
from ....worlds._episodes import at_random, play
from ....worlds._examine import examine
from ..._session import Session, Verdict
from .. import _shared
from .ground import Ground

PROMISED = "it shows what it says, its rewards are of a usual size, its episodes end, and a seed brings one back"


def run(session: Session) -> Verdict:
    ground: Ground = _shared.source_of(session)
    session.prepared = ground
    session.show.progress("audit", 0, 1, f"playing {ground.world} at random")
    broken = _broken(ground)
    if broken:
        return Verdict(
            BLOCKER, broken, {"unit": "worlds", "checks": [{"check": "world", "severity": BLOCKER, "what": broken}]}
        )
    found = [Check("world", WARNING, sentence) for sentence in examine(ground.make)]
    told = told_of(ground.known)
    line = f"{ground.world}{f' ({ground.options})' if ground.options else ''}: {', '.join(told)}"
    return _shared.audited(
        line, found or [Check("world", PASS, PROMISED)], unit="worlds", facts=[_parted(one) for one in told]
    )


def _broken(ground: Ground) -> str:
    """Why nobody can play there, '' if one can."""
    try:
        play(ground.make, at_random(ground.known.actions), 1, ground.seed, TRAINED)
    except ValueError as error:
        return str(error)
    return ""


def recall(session: Session, verdict: Verdict) -> None:
    session.prepared = _shared.source_of(session)


def told_of(world: World) -> list[str]:
    """What is seen, what can be done, how long an episode is and what is asked for; each begins with its figure."""
    seen, actions = world.observed, world.actions
    shape = " x ".join(map(str, seen.shape))
    shown = f"{seen.values} numbers seen" if len(seen.shape) == 1 else f"{shape} values seen"
    shown = f"{seen.states} states" if seen.states else shown
    if isinstance(actions, Choices):
        done = f"{actions.n} actions to choose from"
    else:
        bounded = bool(np.isfinite(actions.low).all() and np.isfinite(actions.high).all())
        done = f"{actions.size} amounts to set{'' if bounded else ', without bounds'}"
    found = [shown, done]
    found += [f"{world.limit:,} steps at most"] if world.limit else []
    if world.solved is not None and math.isfinite(world.solved):
        found.append(f"{world.solved:g} is the mean return that solves it")
    return found


def _parted(words: str) -> tuple[str, str]:
    """`500 steps at most` -> the figure and its words."""
    figure, _, rest = words.partition(" ")
    return figure, rest
