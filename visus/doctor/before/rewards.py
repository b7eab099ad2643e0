"""Can be learned from the rewards: are there any, of a usual size, and does clipping leave the goal in them?"""

from typing import Any

from ...engine.task import Task
from ..finding import NOTE, PASS, WARNING, Finding
from ..instruments import acted, acting
from ._copy import patient

LARGE, HUGE = 200.0, 1000.0  # errors of values are squared
TINY = 1e-3
APART = 10.0  # times another reward: as signs they count alike
FOLLOWS = 0.2  # correlation of the return with that of signs
SECONDS = 3.0


def examine(task: Task) -> list[Finding]:
    """Some episodes of random play, in worlds of a copy."""
    if not acting.acts(task):
        return [Finding(PASS, "nothing is learned by acting")]
    with patient(task) as copy:
        found = acted.at_random(copy.judged, SECONDS)  # type: ignore[arg-type]
    return [judge(found, bool(getattr(task, "clipped", False)))]


def judge(found: dict[str, float], clipped: bool) -> Finding:
    """found: what `acted.at_random` measured. clipped: learned are the signs."""
    what, largest = _said(found), found["reward_largest"]
    if not largest:
        return _finding(
            NOTE,
            what,
            "some",
            "no reward comes by chance: at first there is nothing to learn from",
            "explore widely, make the goal nearer at first, or reward steps towards it",
            "no_reward_met",
        )
    if clipped:
        return _clipped(found, what)
    if largest > LARGE:
        return _finding(
            WARNING if largest > HUGE else NOTE,
            what,
            f"at most about {LARGE:g}",
            "values of this size: errors and gradients are huge at first, or clipped to nothing",
            f"divide rewards by about {float(f'{largest:.0e}'):g}",
            "reward_scale",
        )
    if largest < TINY:
        return _finding(
            WARNING,
            what,
            f"at least about {TINY:g}",
            "values stay next to 0, and their errors below all else",
            f"multiply rewards by about {float(f'{1 / largest:.0e}'):g}",
            "reward_scale",
        )
    return Finding(PASS, what)


def _clipped(found: dict[str, float], what: str) -> Finding:
    follows, apart = found.get("follows", 1.0), found["reward_largest"] / found["reward_smallest"]
    if apart < APART:
        return Finding(PASS, f"{what}, learned as signs")
    hidden = follows < FOLLOWS
    return _finding(
        WARNING if hidden else NOTE,
        f"{what}: as signs they count alike"
        + (f", and their sum follows the return with a correlation of {follows:.2f}" if hidden else ""),
        "signs that say what is worth more",
        "clipped rewards hide the goal: many small ones outweigh the one that matters",
        "learn from the rewards themselves, divided by a constant",
        "rewards_hide_the_goal",
        {"clip_rewards": False},
    )


def _said(found: dict[str, float]) -> str:
    if not found["reward_largest"]:
        return f"{found['steps']:.0f} steps of random play gave no reward"
    low, high = found["reward_smallest"], found["reward_largest"]
    sizes = f"{high:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
    return f"{found['rewarded']:.0%} of the steps of random play give a reward, of size {sizes}"


def _finding(
    severity: str, what: str, against: str, cause: str, remedy: str, kind: str, change: dict[str, Any] | None = None
) -> Finding:
    return Finding(severity, what, against, cause, remedy, kind, "world (rewards)", change or {}, 0.5)
