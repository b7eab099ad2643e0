"""A task that acts in numbers: what random play earns, what its lessons teach, and how its second network follows."""

import math
import time
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...engine.aside import aside
from ...engine.objective import Batch
from ...engine.seed import own_randomness
from ...engine.task import Task
from ...geometry.spaces import Choices
from .acting import Lessons, Worlds
from .tensors import rounded

EPISODES, SECONDS = 10, 2.0  # of random play, once
SAME = 1e-5  # of the size of a target: what was bootstrapped with nothing


def at_random(worlds: Worlds, seconds: float = SECONDS) -> dict[str, float]:
    """What is earned by acting without looking: a yardstick, and a first look at the rewards.

    return, spread, length: of `episodes`, which are 0 where too few were over in time. reward_largest, reward_smallest:
    sizes of rewards that are not 0. rewarded: share of the steps that gave one. alike: whether every episode earned
    the same. follows: correlation of returns with sums of the signs of rewards, where both differ.
    """
    dice, began = np.random.default_rng(0), time.monotonic()
    share = -(-EPISODES // worlds.n)
    totals: list[list[float]] = [[] for _ in range(worlds.n)]
    played: list[tuple[float, float, int]] = []  # return, that of signs, length
    signed, sizes, steps = np.zeros(worlds.n), [], 0
    worlds.restart()
    while any(len(mine) < share for mine in totals) and time.monotonic() - began < seconds:
        found = worlds.step(worlds.actions.drawn(worlds.n, dice))
        steps += worlds.n
        sizes.append(np.abs(found.rewards[found.rewards != 0]))
        signed += np.sign(found.rewards)
        over = iter(found.finished)
        for i in np.flatnonzero(found.over):
            episode = next(over)
            if len(totals[i]) < share:
                totals[i].append(episode.total)
                played.append((episode.total, float(signed[i]), episode.length))
        signed[found.over] = 0.0
    whole = min(map(len, totals)) >= share  # else short episodes would count more often than long ones
    earned, signs, lengths = np.array(played).T if played else np.zeros((3, 0))
    rewards = np.concatenate(sizes) if sizes else np.zeros(0)
    return {
        "episodes": float(len(earned)) if whole else 0.0,
        **({"return": float(earned.mean()), "spread": float(earned.std())} if whole else {}),
        **({"length": float(lengths.mean()), "alike": float(np.ptp(earned) == 0)} if whole else {}),
        **({"follows": float(np.corrcoef(earned, signs)[0, 1])} if whole and np.ptp(earned) and np.ptp(signs) else {}),
        "steps": float(steps),
        "rewarded": len(rewards) / max(1, steps),
        "reward_largest": float(rewards.max()) if len(rewards) else 0.0,
        "reward_smallest": float(rewards.min()) if len(rewards) else 0.0,
    }


def facts(task: Any) -> dict[str, Any]:
    """What is known of a task that acts before it learns; numbers, for the chart."""
    worlds: Worlds = task.judged
    actions = worlds.actions
    known: dict[str, Any] = {
        "choices": actions.n if isinstance(actions, Choices) else 0,
        "amounts": 0 if isinstance(actions, Choices) else actions.size,
        "gamma": float(getattr(task, "gamma", math.nan)),
        "limit": worlds.limit,
        "solved": worlds.solved,
        "clipped": bool(getattr(task, "clipped", False)),
        "epsilon": float(task.epsilon(0)) if callable(getattr(task, "epsilon", None)) else None,
        "warm_up": getattr(task, "warm_up", 0),
        "looks": [],
    }
    with aside(), own_randomness(0):
        return known | {"random": {name: rounded(value) for name, value in at_random(worlds).items()}}


@torch.no_grad()
def look(task: Any, batch: Batch) -> dict[str, float]:
    """Figures of one step, before its batch is learned from: lessons, target network, memory."""
    found: dict[str, float] = {}
    target = getattr(task, "target", None)
    if isinstance(target, nn.Module):
        found |= _follows(target, task.model)
    memory = getattr(task, "memory", None)
    if memory is not None and hasattr(memory, "capacity"):
        found |= {"remembered": float(len(memory)), "capacity": float(memory.capacity)}
    ask = getattr(task, "lessons", None)
    if ask is not None:
        with aside():
            lessons = ask(batch)
        if lessons is not None:
            found |= taught(lessons, valuing=hasattr(task.model, "values"))
    return {name: rounded(value) if name != "target_mark" else value for name, value in found.items()}


def _follows(target: nn.Module, model: nn.Module) -> dict[str, float]:
    """How far two networks lie apart, relative to their size; and a sum that changes as soon as the target does."""
    ours, theirs = dict(model.named_parameters()), dict(target.named_parameters())
    both = [name for name in theirs if name in ours and ours[name].shape == theirs[name].shape]
    if not both:
        return {}
    apart = math.sqrt(sum(float((ours[n] - theirs[n]).double().square().sum()) for n in both))
    size = math.sqrt(sum(float(ours[n].double().square().sum()) for n in both))
    mark = sum(float(theirs[n].double().square().sum()) for n in both)
    return {"target_apart": apart / size if size else 0.0, "target_mark": mark}


def taught(lessons: Lessons, valuing: bool = True) -> dict[str, float]:
    """Counts of rows that a time limit cut, and of others that go on, and how many of each bootstrap nothing.

    valuing: there is a value that could be bootstrapped from; else nothing is said of that.
    """
    rewards, targets = lessons.rewards.double(), lessons.targets.double()
    nothing = (targets - rewards).abs() <= SAME * targets.abs().clamp_min(1.0)
    cut = lessons.cut.bool() & ~lessons.ended.bool()
    on = ~lessons.cut.bool() & ~lessons.ended.bool()
    if not valuing:
        cut = on = torch.zeros_like(cut)
    found = {
        "cut": float(cut.sum()),
        "cut_as_end": float((cut & nothing).sum()),
        "on": float(on.sum()),
        "on_as_end": float((on & nothing).sum()),
        "reward_largest": float(rewards.abs().max()) if len(rewards) else 0.0,
    }
    if lessons.advantages is not None and len(lessons.advantages) > 1:
        found |= _weights(lessons.advantages.double())
    return found


def _weights(advantages: Tensor) -> dict[str, float]:
    return {"advantage_mean": float(advantages.mean()), "advantage_spread": float(advantages.std(correction=0))}


def figures(task: Task) -> dict[str, float]:
    """At an evaluation: what was held to be worth what, against what it turned out to be; and recent episodes."""
    found: dict[str, float] = {}
    valued = getattr(task, "valued", None)
    if valued is not None and len(valued.said):
        said, earned = np.asarray(valued.said, float), np.asarray(valued.earned, float)
        found |= {
            "value_said": rounded(float(said.mean())),
            "value_earned": rounded(float(earned.mean())),
            "value_spread": rounded(float(earned.std())),
            "value_states": float(len(said)),
        }
    recent = list(getattr(task, "recent", None) or ())
    if recent:
        totals, lengths = [episode.total for episode in recent], [episode.length for episode in recent]
        found |= {
            "recent_low": rounded(min(totals)),
            "recent_high": rounded(max(totals)),
            "recent_length": rounded(sum(lengths) / len(lengths)),
            "recent_episodes": float(len(recent)),
        }
    return found
