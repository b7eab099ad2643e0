"""Plain-20 against plain-56 and ResNet-20 against ResNet-56: training error on CIFAR-10, under a budget.

`shortcuts.py [--pictures 50000] [--epochs 10] [--seeds 0] [--nets plain-20 ...]`. He et al., 2016, figures 1 and 6:
the deeper plain net ends with the higher training error, the deeper residual net with the lower. They train for 64,000
steps of 128; here as long as is asked for, with one cycle of the rate instead of stairs. Every run is kept as it is
measured, in results/shortcuts.json, so that nets and seeds can be added; the table is docs/shortcuts.md.
"""

import argparse
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from _claim import RESULTS, facts, spread

from visus.data.prepare import prepare
from visus.doctor.checkup import Checkup
from visus.engine.loop import Evaluate, Observer, fit
from visus.engine.task import Task
from visus.metrics.accuracy import accuracy
from visus.recipes import classify

NETS = {"plain-20": (20, "none"), "plain-56": (56, "none"), "resnet-20": (20, "pad"), "resnet-56": (56, "pad")}
KEPT, TABLE = RESULTS / "shortcuts.json", Path(__file__).parents[1] / "docs" / "shortcuts.md"
SCORED = 10_000  # training pictures whose error is measured at the end
# Their training, but for the schedule: batches of 128, mirrored and shifted by up to 4 pixels.
SETTINGS: Mapping[str, Any] = {
    "optimizer": "momentum",
    "lr": 0.1,
    "weight_decay": 1e-4,
    "batch": 128,
    "flip": True,
    "crop": 4,
}


class Course(Observer):
    """Training and validation error after each epoch, in per cent."""

    def __init__(self) -> None:
        self.training: list[float] = []
        self.validation: list[float] = []

    def after_evaluation(self, step: int, task: Task, scores: Mapping[str, float]) -> None:
        self.training.append(round(100 * (1 - scores["train_accuracy"]), 2))
        self.validation.append(round(100 * (1 - scores["validation_accuracy"]), 2))


def once(net: str, pictures: int, epochs: float, seed: int) -> dict[str, Any]:
    """Train one net; errors in per cent, in evaluation mode and without augmentation; what the doctor says of it."""
    depth, shortcut = NETS[net]
    prepared = prepare("cifar10").limited(pictures or None)
    task = classify.build(
        prepared, model="cifar_resnet", depth=depth, shortcut=shortcut, epochs=epochs, seed=seed, **SETTINGS
    )
    course, checkup, began = Course(), Checkup(), time.perf_counter()
    fit(task, task.steps, [checkup, Evaluate(task.steps_per_epoch, [course, checkup])])
    seconds = time.perf_counter() - began
    errors = {part: 100 * (1 - accuracy(*task.score_part(part, SCORED))) for part in ("train", "validation")}
    causes = [finding.kind for finding in checkup.diagnosis().causes]
    return {
        "net": net,
        "pictures": len(prepared.split.train),
        "epochs": epochs,
        "seed": seed,
        "steps": task.steps,
        "training_error": round(errors["train"], 2),
        "validation_error": round(errors["validation"], 2),
        "training_course": course.training,
        "validation_course": course.validation,
        "seconds": round(seconds),
        "doctor": causes,
    }


def write_table(runs: Iterable[Mapping[str, Any]], stated: Mapping[str, Any]) -> None:
    """One line for each net and budget."""
    runs = list(runs)
    budgets = sorted({_budget(run) for run in runs})
    lines = [
        "# Depth with and without shortcuts, on CIFAR-10",
        "",
        "Made by `benchmarks/shortcuts.py`. Per cent wrong after training: on pictures that were trained on (at most",
        f"{SCORED:,} of them, unaugmented, in evaluation mode) and on held-out ones; mean +- deviation over seeds.",
        "He et al. (2016) trained for 64,000 steps; the table says how long these were trained. The doctor is the",
        "default one, and judges each run by itself.",
        "",
        "| net | pictures | epochs | steps | training error | validation error | seconds | the doctor |",
        "|---|---|---|---|---|---|---|---|",
    ]
    verdicts = []
    for budget in budgets:
        found = {net: [run for run in runs if _budget(run) == budget and run["net"] == net] for net in NETS}
        lines += [_line(net, same) for net, same in found.items() if same]
        verdicts += [_verdict(found, kind, budget) for kind in ("plain", "resnet")]
    versions = ", ".join(f"{name} {version}" for name, version in stated["versions"].items())
    machine = f"{stated['hardware']['cpu']}, {stated['hardware']['cores']} cores"
    lines += ["", *(v for v in verdicts if v), "", f"{machine}; {versions}.", ""]
    TABLE.write_text("\n".join(lines))


def _budget(run: Mapping[str, Any]) -> tuple[int, float, int]:
    return run["pictures"], run["epochs"], run["steps"]


def _line(net: str, same: Sequence[Mapping[str, Any]]) -> str:
    """Runs of one net and budget, one a seed."""
    pictures, epochs, steps = _budget(same[0])
    errors = [spread([run[part] for run in same], 1) for part in ("training_error", "validation_error")]
    seconds = mean(run["seconds"] for run in same)
    said = ", ".join(sorted({kind for run in same for kind in run["doctor"]})) or "nothing"
    cells = [net, f"{pictures:,}", f"{epochs:g}", f"{steps:,}", *errors, f"{seconds:.0f}", said]
    return f"| {' | '.join(cells)} |"


def _verdict(found: Mapping[str, list[Mapping[str, Any]]], kind: str, budget: tuple[int, float, int]) -> str:
    shallow, deep = found[f"{kind}-20"], found[f"{kind}-56"]
    if not shallow or not deep:
        return ""
    apart = mean(r["training_error"] for r in deep) - mean(r["training_error"] for r in shallow)
    way = "above" if apart > 0 else "below"
    return f"- After {budget[2]:,} steps {kind}-56 ends {abs(apart):.1f} points {way} {kind}-20 in training error."


if __name__ == "__main__":
    read = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read.add_argument("--pictures", type=int, default=0, help="training pictures; 0: all")
    read.add_argument("--epochs", type=float, default=10.0)
    read.add_argument("--seeds", type=int, nargs="+", default=[0])
    read.add_argument("--nets", nargs="+", choices=list(NETS), default=list(NETS))
    asked = read.parse_args()
    runs = json.loads(KEPT.read_text())["runs"] if KEPT.exists() else []
    for seed in asked.seeds:
        for net in asked.nets:
            run = once(net, asked.pictures, asked.epochs, seed)
            print(run, flush=True)
            same = ("net", "pictures", "epochs", "seed")
            runs = [old for old in runs if any(old[key] != run[key] for key in same)] + [run]
            RESULTS.mkdir(exist_ok=True)
            KEPT.write_text(json.dumps({**facts(), "runs": runs}, indent=2) + "\n")
            write_table(runs, facts())
