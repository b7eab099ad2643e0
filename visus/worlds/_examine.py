"""Does a world keep what it promises? Asked by playing it at random, before anybody learns in it."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..geometry.spaces import Choices, Observed
from ._contract import Step, World

EPISODES = 12  # of random play that are looked at
FEW, MANY = 1500, 4000  # steps of them: at least, at most
LONGEST = 20_000  # steps after which an episode without end is given up
SEEDS, TWINS = (7, 8), 200  # of episodes, and their steps, in which two copies are compared
LARGE, SMALL = 1000.0, 1e-4  # rewards beyond are of an unusual size
OUTSIDE = 0.05  # share of observations beyond the declared bounds that is remarkable: a bound is often rounded


ALIASED = (
    "it writes into an observation that it has shown, so that what is remembered changes; show a new array each time"
)
GRAVE = {"failed", "kind"}  # after which nothing more can be asked


class Heard(NamedTuple):
    """What random play showed of a world. complaints: what is wrong, a sentence each. longest: steps of an episode."""

    complaints: list[str]
    rewards: NDArray[np.float64]
    steps: int
    episodes: int
    longest: int


def examine(make: Callable[[], World], rewards: bool = True) -> list[str]:
    """What is wrong with a world, a sentence each; nothing for one that keeps what it promises.

    Looked for, in some thousand steps of random play: failures, values that are no numbers, shapes and kinds other than
    promised, flags that contradict each other, arrays that are shown twice, rewards of an unusual size or none at all,
    episodes that never end, and a seed that does not bring an episode back. rewards: look at their sizes, too.
    """
    try:
        world = make()
    except Exception as wrong:
        return [f"it cannot be made: {_line(wrong)}"]
    try:
        heard = _listen(world)
        found = heard.complaints or [*_ending(world, heard), *(_rewards(heard) if rewards else ())]
        # A world that fails is not compared with itself.
        return found if heard.complaints else [*found, *_twins(world, make)]
    finally:
        world.close()


def _listen(world: World) -> Heard:
    """Play at random, and note what is wrong; each complaint once."""
    dice = np.random.default_rng(0)
    found: dict[str, str] = {}
    rewards: list[float] = []
    outside, longest, episode = 0, 0, 0
    while (episode < EPISODES or len(rewards) < FEW) and len(rewards) < MANY and not found.keys() & GRAVE:
        before, over, where = len(rewards), False, f"episode {episode} (reset({episode}))"
        try:
            for step in _episode(world, episode, dice, found, where):
                rewards.append(float(step.reward))
                outside += _is_outside(world, step.observation)
                over = bool(step.over)
        except Exception as wrong:
            done = len(rewards) - before
            found["failed"] = f"it failed after {done} steps of {where}: {type(wrong).__name__}: {_line(wrong)}"
        longest = max(longest, len(rewards) - before)
        if not over:
            break
        episode += 1
    if rewards and outside > OUTSIDE * len(rewards):
        found["outside"] = (
            f"{outside / len(rewards):.0%} of its observations lie outside the space it declares; mend its bounds"
        )
    return Heard(list(found.values()), np.array(rewards), len(rewards), episode, longest)


def _episode(world: World, number: int, dice: np.random.Generator, found: dict[str, str], where: str) -> Iterator[Step]:
    """The steps of an episode of random play, until it is over or too long; what is wrong is noted in `found`."""
    seen = world.reset(number)
    _note(found, _wrong(world.observed, seen, f"at the start of {where}"))
    shown = [(seen, np.array(seen))]  # and how it looked then
    longest = max(MANY, world.limit + 1) if world.limit else LONGEST
    for length in range(1, longest + 1):
        if found.keys() & GRAVE:
            return
        step = world.step(_one(world, dice))
        _note(found, _step_wrong(world, step, f"in step {length} of {where}"))
        shown = [*shown[-2:], (step.observation, np.array(step.observation))]
        if any(not np.array_equal(now, then, equal_nan=now.dtype.kind == "f") for now, then in shown):
            _note(found, {"aliased": ALIASED})
        yield step
        if step.over:
            return


def _ending(world: World, heard: Heard) -> Iterator[str]:
    if not heard.episodes:
        limit = f", though its limit is {world.limit}" if world.limit else ""
        yield f"no episode was over after {heard.longest} steps of random play{limit}; give it an end, or a limit"
    elif world.limit and heard.longest > world.limit:
        yield f"an episode had {heard.longest} steps, though its limit is {world.limit}; cut episodes at the limit"


def _rewards(heard: Heard) -> Iterator[str]:
    largest = float(np.abs(heard.rewards).max(initial=0.0))
    if not largest:
        yield (
            f"{heard.steps} steps of random play gave no reward, so that at first there is nothing to learn from; "
            "explore widely, or reward steps towards the goal"
        )
    elif not SMALL <= largest <= LARGE:
        yield f"its largest reward is of size {largest:.3g}; divide rewards by about {float(f'{largest:.0e}'):g}"


def _twins(world: World, make: Callable[[], World]) -> Iterator[str]:
    """One seed and the same actions, in two fresh worlds, and in one that was played before."""
    fresh = [make(), make()]
    try:
        for seed in SEEDS:
            if (steps := _apart(fresh[0], fresh[1], seed)) is not None:
                yield (
                    f"the same seed and actions lead elsewhere after {steps} steps; draw all that is random from a "
                    "generator that `reset` makes of its seed"
                )
                return
        for seed in SEEDS:
            if (steps := _apart(world, fresh[0], seed)) is not None:
                yield (
                    f"the same seed and actions lead elsewhere after {steps} steps in a world that was played before, "
                    "so that a run that is resumed goes on otherwise; let `reset` begin with nothing of what was"
                )
                return
    finally:
        for one in fresh:
            one.close()


def _apart(one: World, other: World, seed: int) -> int | None:
    """After how many steps two worlds differ, by what is shown, earned or over; None if they do not."""
    dice = np.random.default_rng(seed)
    mine, theirs = (np.array(each.reset(seed)) for each in (one, other))
    for length in range(TWINS):
        if not np.array_equal(mine, theirs):
            return length
        action = _one(one, dice)
        steps = [each.step(action) for each in (one, other)]
        if steps[0][1:] != steps[1][1:]:
            return length + 1
        if steps[0].over:
            break
        mine, theirs = (np.array(step.observation) for step in steps)
    return None


def _step_wrong(world: World, step: Step, where: str) -> dict[str, str]:
    if not isinstance(step, tuple) or len(step) != len(Step._fields):
        raise ValueError(f"`step` gave {type(step).__name__} where a Step of {', '.join(Step._fields)} is due")
    found = _wrong(world.observed, step.observation, where)
    if not np.isfinite(step.reward):
        found["reward"] = f"it gave the reward {step.reward} {where}; a reward is a finite number"
    if step.over and not (step.ended or step.cut):
        found["flags"] = f"it was over {where}, neither ended nor cut; say which, for it decides what lies beyond"
    if step.cut and not step.over:
        found["flags"] = f"it was cut {where}, but not over; an episode that is cut is over"
    if step.cut and step.ended:
        found["flags"] = (
            f"it was ended and cut at once {where}; what has ended is not cut, so that no value lies beyond"
        )
    return found


def _wrong(observed: Observed, seen: Any, where: str) -> dict[str, str]:
    """What is wrong with an observation, by kind."""
    if not isinstance(seen, np.ndarray):
        return {"kind": f"it showed a {type(seen).__name__} {where}; an observation is an array of numpy"}
    if seen.shape != observed.shape or seen.dtype != np.dtype(observed.dtype):
        return {
            "shape": f"it showed {seen.dtype} {seen.shape} {where}, where it promised {observed.dtype} {observed.shape}"
        }
    if seen.dtype.kind == "f" and not np.isfinite(seen).all():
        bad = seen[~np.isfinite(seen)][0]
        return {"number": f"it showed {bad} {where}; an observation is of finite numbers"}
    if observed.states and not (np.count_nonzero(seen) == 1 and seen.max() == 1):
        return {"state": f"it showed no vector of zeros with a one {where}, though it counts {observed.states} states"}
    return {}


def _note(found: dict[str, str], more: dict[str, str]) -> None:
    for kind, sentence in more.items():
        found.setdefault(kind, sentence)


def _is_outside(world: World, seen: Any) -> bool:
    bounds = getattr(world, "bounds", None)
    return bounds is not None and bool((seen < bounds[0]).any() or (seen > bounds[1]).any())


def _one(world: World, dice: np.random.Generator) -> Any:
    """An action as `World.step` takes it."""
    drawn = world.actions.drawn(1, dice)[0]
    return int(drawn) if isinstance(world.actions, Choices) else drawn


def _line(wrong: Exception) -> str:
    return str(wrong).strip().partition("\n")[0] or type(wrong).__name__
