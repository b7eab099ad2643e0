"""From a recipe's settings to the course of a descent: its schedules, and what a line search on the full batch asks."""

import copy
from collections.abc import Iterable

import torch

from ..data.augment import Augment
from ..engine import schedules
from ..engine.schedules import Schedule
from ..engine.seed import own_randomness
from ..tasks.classify import Classify

WARM_UP = 0.2  # share of the run in which the learning rate rises
FULL_BATCH = "lbfgs"
WITH_MOMENTUM = ("momentum", "nesterov")
FOUND_BY_LINE_SEARCH = frozenset(["lr", "schedule", "decay", "cycles", "batch", "momentum_ramp", "max_norm"])
ENOUGH_TO_TELL = 32  # pictures on which a network is asked twice


def schedule(name: str, steps: int, decay: float = 0.01, cycles: int = 3) -> Schedule:
    """The factor on the rate over a run of `steps`.

    decay: the factor at the end of step, exponential and inverse. cycles: equal parts of the run, for step and cyclic;
    with 3 stairs down to 0.01 the rate is divided by 10 twice.
    """
    if name == "step":
        return schedules.step_decay(max(1, -(-steps // cycles)), decay ** (1 / max(1, cycles - 1)))
    if name == "cyclic":
        return schedules.cyclic_cosine(steps, cycles)
    warm_up = int(WARM_UP * steps)
    known = {
        "one_cycle": schedules.one_cycle(steps, warm_up),
        "cosine": schedules.cosine(steps, warm_up // 4),
        "linear": schedules.linear(steps),
        "exponential": schedules.exponential_to(decay, steps),
        "inverse": schedules.inverse_to(decay, steps),
    }
    return known.get(name, schedules.constant)


def momentum(ramp: bool, optimizer: str, steps: int) -> Schedule | None:
    """The course of momentum, or None where it stays as it is. Raises ValueError for a rule that has none."""
    if ramp and optimizer not in WITH_MOMENTUM:
        raise ValueError(f"momentum_ramp needs optimizer={' or '.join(WITH_MOMENTUM)}; {optimizer} has no momentum")
    return schedules.momentum_ramp(steps) if ramp else None


def check_full_batch(batch: int, n_train: int, augment: Augment, arithmetic: str) -> None:
    """Raise ValueError for settings under which a line search would compare different losses."""
    asked = "lbfgs looks at the whole training part, unchanged, several times a step"
    if 0 < batch < n_train:
        raise ValueError(f"{asked}; batch={batch} of {n_train} pictures does not fit: leave batch out")
    if augment != Augment():
        raise ValueError(f"{asked}; leave flip, crop, scale, colour, lighting and cutout out")
    if arithmetic not in ("auto", "float32"):
        raise ValueError(f"lbfgs compares losses in their last digits and needs arithmetic=float32; got {arithmetic}")


def idle(optimizer: str | None) -> frozenset[str]:
    """Settings that mean nothing to an optimizer, so they are neither given nor searched."""
    return FOUND_BY_LINE_SEARCH if optimizer == FULL_BATCH else frozenset()


def refuse_idle(optimizer: str | None, given: Iterable[str]) -> None:
    """Raise ValueError if a setting was named that the optimizer finds by itself."""
    named = sorted(idle(optimizer).intersection(given))
    if named:
        raise ValueError(f"lbfgs searches each step's length on the whole set and has no use for {', '.join(named)}")


@torch.no_grad()
def refuse_chance(task: Classify) -> None:
    """Raise ValueError if the same pictures give another loss the second time, as with dropout."""
    patient = copy.deepcopy(task).train()
    images, labels = (t.to(task.device) for t in next(iter(task.data.part("train", ENOUGH_TO_TELL))))
    losses = []
    for seed in (0, 1):
        with own_randomness(seed):
            losses.append(torch.stack(list(patient.misjudgement((images, labels)).values())))
    if not torch.equal(*losses):
        raise ValueError("lbfgs needs the same loss twice, and this network's changes by chance; set its dropout to 0")
