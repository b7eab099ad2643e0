"""A critic and its generator in numbers: how surely the one tells, and what is left for the other to follow."""

from typing import Any

import torch
from torch import Tensor

from ...engine.task import Task
from . import generative
from .tensors import rounded

PICTURES = 256
MOST = 200  # improvements of each objective kept


def figures(task: Task) -> dict[str, float]:
    """Of a task that tells what its critic says of real and made pictures; {} of any other.

    critic_tells: the share of pairs in which the real picture has the higher score. critic_fooled: the chance that the
    critic gives a made picture of being real, where its scores say that.
    """
    ask = getattr(task, "odds", None)
    if ask is None:
        return {}
    with generative.looked_at(task):
        batch = generative.batch_of(task, PICTURES)
        told = {name: scores.float().reshape(-1) for name, scores in ask(batch).items()}
    found = {"critic_tells": rounded(tells(told["real"], told["generated"]))}
    if getattr(getattr(task, "game", None), "logistic", False):
        found["critic_fooled"] = rounded(float(torch.sigmoid(told["generated"]).mean()))
    return found


def tells(real: Tensor, made: Tensor) -> float:
    """Share of the pairs in which the real one has the higher score; a tie is half."""
    return float(((real[:, None] > made).float() + 0.5 * (real[:, None] == made).float()).mean())


def thinned(kept: list[Any]) -> None:
    """When there are too many rows, every second one of the older half goes."""
    if len(kept) > MOST:
        half = len(kept) // 2
        kept[:half] = kept[:half:2]
