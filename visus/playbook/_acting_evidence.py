"""What a player does in episodes, and what it expected there: the evidence for the report.

Nothing here is learned from or chosen by: it is looked at.
"""

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..geometry.spaces import Choices
from ..recipes._acting import SHOWN
from ..report.sections.acting import FACTS, TENSORS
from ..runs import film
from ..runs.checkpoint import write_whole
from ..runs.reader import EVIDENCE, RUN, Run
from ..ship.kinds.acting import Agent
from ..ship.opened import opened
from ..worlds._episodes import Make, Moment, Told, at_random, play, retrace
from ._session import Show

EPISODES, FEWEST = 20, 5  # fresh ones, of a player that was not tested
MOST_STEPS = 20_000  # of the fresh episodes, of random ones, and of those gone through again: each some seconds
MOST_POINTS = 2_000  # of expected and earned that are kept
MOST_AMOUNTS = 20_000  # actions that are numbers
UNSEEN = 0.05  # discounted share of an episode that a time limit may have cut off, for what was earned to be told
FRAMES, FILM_BYTES = 400, 400_000  # of the episode that is shown, from its beginning
AT_ONCE = 512  # observations that a player is asked about together


class Seen(NamedTuple):
    """An episode gone through again. rewards (T,); values (T,): expected before each action, None if it does not say.

    ended (T,): whether the world said that nothing was to come, as where a life was lost.
    """

    rewards: NDArray[np.float64]
    values: NDArray[np.float64] | None
    ended: NDArray[np.bool_]


def illustrate(folder: Path, show: Show) -> None:
    """Let the player in the folder play fresh episodes, and write the evidence of a run without a test."""
    agent, seed = opened(folder), int(Run(folder).info["seed"])

    def tell(done: int, of: int, steps: int) -> None:
        show.progress("test", done / of, 2, "episodes to be looked at")

    played = agent.play(FEWEST, seed, drawn(folder), stream=SHOWN, progress=tell)
    n = min(EPISODES, _affordable(played))
    if n > FEWEST:
        played = agent.play(n, seed, drawn(folder), stream=SHOWN, progress=tell)
    keep(folder, agent, played, "fresh", show)


def drawn(folder: Path) -> bool:
    """Whether the player of a run was evaluated by drawing its actions, as in training; no of a model folder alone."""
    return (folder / RUN).is_file() and bool(_settings(folder).get("drawn"))


def keep(folder: Path, agent: Agent, played: Sequence[Told], part: str, show: Show) -> None:
    """Look at episodes of the player, and write the evidence. part: `test`, or `fresh`."""
    make, seed, stream = agent.makes(), played[0].seed, played[0].stream
    show.progress("test", 1.0, 2, "what it expected")
    by_chance = play(make, at_random(agent.actions, seed), min(len(played), _affordable(played)), seed, stream)
    tensors = {
        "returns": _tensor([told.total for told in played]),
        "lengths": _tensor([told.length for told in played]),
        "random.returns": _tensor([told.total for told in by_chance]),
        **_actions(agent, played),
    }
    seen, clipped = _gone_through(agent, make, played), bool(_settings(folder).get("clip_rewards"))
    pairs = [_expected(one, agent.gamma, clipped) for one in seen]
    if any(len(said) for said, _ in pairs):
        said, earned = (np.concatenate([pair[which] for pair in pairs]) for which in (0, 1))
        rows = np.unique(np.linspace(0, len(said) - 1, min(len(said), MOST_POINTS)).astype(int))
        tensors |= {"expected": _tensor(said[rows]), "earned": _tensor(earned[rows])}
    show.progress("test", 1.5, 2, "an episode to be seen")
    there = make()
    more, shown = _film(agent, make, there.fps, played)
    facts = {
        "world": agent.world,
        "options": agent.options,
        "player": agent.facts["player"],
        "gamma": agent.gamma,
        "part": part,
        "drawn": drawn(folder),
        "limit": there.limit,
        "solved": there.solved,
        "fps": there.fps,
        "cut": sum(told.cut for told in played),
        "actions": list(agent.actions.names) if isinstance(agent.actions, Choices) else [],
        "clipped": clipped,
        **shown,
    }
    there.close()
    named = {f"{TENSORS}{name}": tensor for name, tensor in {**tensors, **more}.items()}
    header = {"facts": json.dumps({"tells": "acting", FACTS: facts})}
    write_whole(folder / EVIDENCE, safetensors.torch.save(named, header))


def _settings(folder: Path) -> dict[str, Any]:
    """Of the recipe that was trained, as far as they are known."""
    info = Run(folder).info
    return {**info.get("settings", {}), **info.get("given", {})}


def _affordable(played: Sequence[Told]) -> int:
    """How many episodes like these the steps allow for."""
    return max(FEWEST, MOST_STEPS * len(played) // sum(told.length for told in played))


def _actions(agent: Agent, played: Sequence[Told]) -> dict[str, Tensor]:
    """How often each was chosen, (A,), or some amounts that were set, (N, D)."""
    if isinstance(agent.actions, Choices):
        counts = sum(np.bincount(told.actions, minlength=agent.actions.n) for told in played)
        return {"counts": torch.from_numpy(np.asarray(counts, np.int64))}
    every = np.concatenate([told.actions for told in played])
    return {"amounts": _tensor(every[:: max(1, len(every) // MOST_AMOUNTS)])}


def _gone_through(agent: Agent, make: Make, played: Sequence[Told]) -> list[Seen]:
    """The first episodes once more, as many as the steps allow; none of a world that goes another way each time."""
    found, left = list[Seen](), MOST_STEPS
    for told in played:
        if told.length > left and found:
            break
        try:
            found.append(_seen(agent, retrace(make, told), told))
        except ValueError:
            return found
        left -= told.length
    return found


def _seen(agent: Agent, moments: Iterable[Moment], told: Told) -> Seen:
    rewards, ended = list[float](), list[bool]()
    expected, batch = list[NDArray[Any]](), list[NDArray[Any]]()
    for moment in moments:
        if moment.action is None:
            break
        rewards.append(moment.reward)
        ended.append(moment.ended)
        batch.append(moment.observation)
        if len(batch) == AT_ONCE or len(rewards) == told.length:
            said = agent.values(np.stack(batch))
            if said is not None:
                expected.append(said)
            batch = []
    values = np.concatenate(expected).astype(np.float64) if expected else None
    return Seen(np.array(rewards), values, np.array(ended))


def _expected(seen: Seen, gamma: float, clipped: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What was expected at the steps of an episode, and what was then earned, discounted as it was learned.

    Steps near a time limit are left out: too much of what they were worth was cut off.
    """
    if seen.values is None or not len(seen.rewards):
        return np.empty(0), np.empty(0)
    rewards = np.sign(seen.rewards) if clipped else seen.rewards
    earned, unseen = np.empty(len(rewards)), np.empty(len(rewards))
    follows, beyond = 0.0, 1.0  # earned from the next step on, and the discount of what was not seen
    for t in range(len(rewards) - 1, -1, -1):
        goes_on = 0.0 if seen.ended[t] else gamma
        follows = earned[t] = rewards[t] + goes_on * follows
        beyond = unseen[t] = goes_on * beyond
    told = unseen <= UNSEEN
    return seen.values[told], earned[told]


def _film(agent: Agent, make: Make, fps: float, played: Sequence[Told]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The median episode as a film, and what the player expected at each step of it. Nothing of a world that cannot be
    drawn, or that goes another way each time."""
    order = sorted(played, key=lambda told: told.total)
    median = order[len(order) // 2]
    frames: list[NDArray[np.uint8]] = []
    kept: list[Moment] = []
    try:
        for moment in islice(retrace(make, median, pictured=True), FRAMES):
            if moment.picture is None:
                return {}, {}
            frames.append(film.fitted(moment.picture, film.PREVIEWS[0][0]))
            kept.append(moment._replace(picture=None))
    except (ValueError, ImportError):
        return {}, {}
    moved = film.preview(frames, fps, FILM_BYTES)
    height, width = frames[0].shape[:2]
    acted = [moment for moment in kept if moment.action is not None]
    said = agent.values(np.stack([moment.observation for moment in acted]))
    tensors = {
        "film": torch.frombuffer(bytearray(moved), dtype=torch.uint8),
        "film.rewards": _tensor([moment.reward for moment in acted]),
        **({} if said is None else {"film.values": _tensor(said)}),
    }
    facts = {"return": median.total, "steps": median.length, "shown": len(frames), "width": width, "height": height}
    return tensors, {"film": facts}


def _tensor(values: Any) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
