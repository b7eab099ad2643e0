"""Measure a few training steps before a long run: which precision is fastest, how long, how much memory."""

import copy
import resource
import sys
import time
from dataclasses import dataclass
from itertools import islice
from statistics import median

import torch

from . import precision
from .precision import Precision
from .seed import own_randomness
from .task import Task

ENOUGH = 256  # examples that tell what is fastest; a whole batch in the slowest way would take long
STEPS = 5  # timed steps; the first two warm up and are not counted


@dataclass(frozen=True)
class Cost:
    """seconds_per_step, seconds_per_evaluation: measured. memory_bytes: highest so far of this process."""

    seconds_per_step: float
    seconds_per_evaluation: float
    memory_bytes: int


def fastest_precision(task: Task) -> Precision:
    """The fastest precision for this task on its device, measured on copies with the task's first batch."""
    device = next(task.parameters()).device.type
    with own_randomness(0):
        # Of a copy, since a task that acts plays for its batches.
        batch = tuple(part[:ENOUGH] for part in next(iter(copy.deepcopy(task).batches())))
        pictures = batch[0].ndim == 4
        copies = {candidate: copy.deepcopy(task) for candidate in precision.candidates(device, pictures)}
        for candidate, patient in copies.items():
            patient.run_at(candidate)
            patient.train()

        def step(candidate: Precision) -> None:
            for objective in copies[candidate].objectives:
                float(objective.improve(batch).loss)  # waits for the device

        return precision.fastest(step, device, pictures)[0]


def fewest_threads(task: Task) -> int:
    """1, or as many threads as torch has now if a step is faster with them, measured on a copy.

    Threads that wait for each other cost a small network more than they help, and much more on a busy machine.
    """
    many = torch.get_num_threads()
    if many == 1 or next(task.parameters(), torch.zeros(())).device.type != "cpu":
        return many
    with own_randomness(0):
        patient = copy.deepcopy(task).train()
        batch = tuple(part[:ENOUGH] for part in next(iter(patient.batches())))
        seconds: dict[int, list[float]] = {1: [], many: []}
        try:
            for _ in range(STEPS):
                for threads, times in seconds.items():
                    torch.set_num_threads(threads)
                    began = time.perf_counter()
                    for objective in patient.objectives:
                        float(objective.improve(batch).loss)
                    times.append(time.perf_counter() - began)
        finally:
            torch.set_num_threads(many)
    return 1 if median(seconds[1][2:]) < median(seconds[many][2:]) else many


def step_seconds(task: Task, threads: int) -> float:
    """Time of one training step with so many threads, measured on a copy."""
    many = torch.get_num_threads()
    with own_randomness(0):
        patient = copy.deepcopy(task).train()
        seconds = []
        try:
            torch.set_num_threads(threads)
            for batch in islice(patient.batches(), STEPS):
                began = time.perf_counter()
                for objective in patient.objectives:
                    float(objective.improve(batch).loss)
                seconds.append(time.perf_counter() - began)
        finally:
            torch.set_num_threads(many)
    return median(seconds[2:] or seconds)


def cost(task: Task) -> Cost:
    """Time and memory of one training step and one evaluation, measured on a copy."""
    with own_randomness(0):
        patient = copy.deepcopy(task).train()
        seconds, began = [], time.perf_counter()
        # The last steps: a run may begin with smaller pictures or fewer layers.
        for batch in islice(patient.batches(max(0, task.steps - STEPS)), STEPS):
            for objective in patient.objectives:
                float(objective.improve(batch).loss)
            seconds.append(time.perf_counter() - began)
            began = time.perf_counter()
        patient.evaluate()
    return Cost(median(seconds[2:] or seconds), time.perf_counter() - began, _highest_memory())


def _highest_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kibibytes, except on macOS
