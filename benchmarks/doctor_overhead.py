"""The doctor costs at most 3 % of step time and 5 % of memory, on a small conv net and a ResNet-18.

Two equal trainings, with and without `visus.Doctor`, take turns in blocks of steps on the same pictures (CIFAR-10
size), so that both meet the same machine; the sum over a whole run of STEPS steps counts, its dense beginning and its
live judgements included. Memory: the highest resident memory of a process of its own for each, interpreter and
libraries taken off, three times each, medians.
"""

import json
import logging
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import torch
from _claim import state
from torch import nn
from torch.nn import functional as F

import visus
from visus.models.classifiers import resnet18, small_conv

NETS = {"small_conv": (small_conv, 64, 300), "resnet18": (resnet18, 32, 200)}  # network, batch, steps of a run
BLOCK, ROUNDS = 10, 1
TIME_LIMIT, MEMORY_LIMIT = 0.03, 0.05


class Training:
    """A plain PyTorch loop on fixed pictures, watched or not."""

    def __init__(self, name: str, watched: bool) -> None:
        module, batch, steps = NETS[name]
        torch.manual_seed(0)
        self.model = module.build((3, 32, 32), 10)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.9)
        self.doctor = visus.Doctor(self.model, self.optimizer, steps=steps) if watched else None
        self.images, self.labels = torch.randn(4 * batch, 3, 32, 32), torch.randint(10, (4 * batch,))
        self.batch, self.step = batch, 0

    def block(self, steps: int) -> float:
        """Take so many steps; returns their seconds."""
        began = time.perf_counter()
        for _ in range(steps):
            rows = slice(self.step % 4 * self.batch, (self.step % 4 + 1) * self.batch)
            images, labels = self.images[rows], self.labels[rows]
            scores = self.model(images)
            loss = F.cross_entropy(scores, labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            if self.doctor:
                self.doctor.step(loss, inputs=images, targets=labels, outputs=scores)
            self.step += 1
        return time.perf_counter() - began


def time_ratio(name: str) -> float:
    """Seconds of a whole watched run over those of a bare one, taking turns."""
    bare, watched = Training(name, False), Training(name, True)
    seconds = [0.0, 0.0]
    for turn in range(NETS[name][2] // BLOCK):
        pair = ((0, bare), (1, watched)) if turn % 2 else ((1, watched), (0, bare))
        for i, training in pair:
            seconds[i] += training.block(BLOCK)
    return seconds[1] / seconds[0]


def peak_bytes(name: str, watched: bool) -> int:
    """Highest memory of a training of 40 steps in a process of its own, above what it had before."""
    command = [sys.executable, __file__, "--memory", name, str(int(watched))]
    return int(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def _memory(name: str, watched: bool) -> None:
    nn.Linear(1, 1)(torch.zeros(1, 1)).sum().backward()
    before = _highest()
    Training(name, watched).block(40)
    print(_highest() - before)


def _highest() -> int:
    """Highest resident memory of this process in bytes. (Linux; `ru_maxrss` would begin with the parent's.)"""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    if sys.argv[1:2] == ["--memory"]:
        _memory(sys.argv[2], bool(int(sys.argv[3])))
        sys.exit()
    figures = {}
    for name in sys.argv[1:] or NETS:
        ratios = [time_ratio(name) for _ in range(ROUNDS)]
        print(name, ratios, flush=True)
        memory = [peak_bytes(name, True) / peak_bytes(name, False) for _ in range(3)]
        figures[name] = {"time": [round(r, 4) for r in ratios], "memory": [round(r, 4) for r in memory]}
    state(
        "_".join(["doctor_overhead", *sys.argv[1:]]),
        f"at most {TIME_LIMIT:.0%} of step time and {MEMORY_LIMIT:.0%} of memory",
        all(median(f["time"]) <= 1 + TIME_LIMIT and median(f["memory"]) <= 1 + MEMORY_LIMIT for f in figures.values()),
        **figures,
        steps={name: steps for name, (_, _, steps) in NETS.items()},
        threads=torch.get_num_threads(),
    )
