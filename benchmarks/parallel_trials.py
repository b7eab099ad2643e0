"""Claim: trials of a small net in two processes of one thread each are faster than one by one with two threads.

Paired: the same trials in turn both ways (A B A B) in one run, the workers started before. Digits, the small
convolutional net and a perceptron, 4 trials each, ratio of seconds, median of 3 pairs.
Run: python -m benchmarks.parallel_trials (needs two idle cores; about a minute).
"""

import time
from statistics import median

import torch

from visus.data.prepare import prepare
from visus.playbook._trial_run import Bench
from visus.playbook._ways import OneByOne
from visus.playbook._workers import Workers

from ._claim import spread, state

PAIRS, TRIALS, ASKED = 3, 4, 1.5
NETS = {"small_conv": 0.5, "mlp": 4.0}  # model: epochs of a trial, a second or so each


def ratios(model: str, epochs: float) -> tuple[list[float], list[float]]:
    """Seconds one by one over seconds side by side, a pair each; and what starting the processes took."""
    bench = Bench("classify", prepare("digits").without_test(), {"model": model, "arithmetic": "float32"})
    proposals = [{"lr": 0.02 * (i + 1)} for i in range(TRIALS)]
    alone, workers = OneByOne(bench, threads=2), Workers(bench, 2)
    began = time.perf_counter()
    list(workers.make(proposals[:2], 0.05))
    started = time.perf_counter() - began
    found = []
    try:
        list(alone.make(proposals[:1], epochs))
        for _ in range(PAIRS):
            seconds = []
            for way in (alone, workers):
                began = time.perf_counter()
                list(way.make(proposals, epochs))
                seconds.append(time.perf_counter() - began)
            found.append(seconds[0] / seconds[1])
    finally:
        workers.close()
    return found, [started]


def main() -> None:
    torch.set_num_threads(2)
    measured = {model: ratios(model, epochs) for model, epochs in NETS.items()}
    figures = {f"{model}_times_as_fast": spread(found) for model, (found, _) in measured.items()}
    starts = {f"{model}_start_s": round(started[0], 1) for model, (_, started) in measured.items()}
    held = all(median(found) >= ASKED for found, _ in measured.values())
    state(
        "parallel_trials",
        f"two processes of one thread are at least {ASKED} times as fast as one of two threads",
        held,
        **figures,
        **starts,
    )


if __name__ == "__main__":
    main()
