"""What is a network worth that was trained to tell other things apart?"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import safetensors.torch
from matplotlib.figure import Figure

from ..data.batches import Prepared
from ..data.collection import Collection
from ..data.prepare import prepare
from ..data.source import open_collection
from ..data.split import Split
from ..engine.loop import fit
from ..recipes import classify
from ..recipes._form import About, Limits
from ..report.figures.canvas import BLUE, GREEN, ORANGE, draw, legend, percent, scale
from ..report.figures.chart import Chart
from ._exhibit import Exhibit

PLAIN: dict[str, Any] = {
    "model": "small_conv",
    "crop": 0,
    "optimizer": "adam",
    "arithmetic": "float32",
    "device": "cpu",
}
BATCH, RATE = 25, 0.01
STYLES = {"from scratch": (ORANGE, "o"), "head alone": (BLUE, "s"), "fine-tuned": (GREEN, "^")}
QUICK = {"most": 5, "steps": 10, "seeds": 1, "width": 8}


def run(
    most: Annotated[int, Limits(2, 100), About("training pictures a class in the largest set")] = 40,
    steps: Annotated[int, Limits(1), About("of each training, whatever the number of pictures")] = 60,
    seeds: Annotated[int, Limits(1, 50), About("draws of the pictures to average over")] = 3,
    width: Annotated[int, Limits(4), About("channels of the network's first stage")] = 16,
) -> Exhibit:
    """Trained on the digits 0 to 4, then taught 5 to 9 from few pictures, in three ways."""
    digits = open_collection("digits")
    sizes = sorted({max(1, round(size)) for size in np.geomspace(2, most, 5)})
    source, target = prepare(_only(digits, range(5))), prepare(_only(digits, range(5, 10)))
    found: dict[str, list[list[float]]] = {name: [] for name in STYLES}
    with TemporaryDirectory() as folder:
        weights = Path(folder) / "source.safetensors"
        first = classify.build(source, **PLAIN, width=width, lr=RATE, epochs=5, seed=0)
        fit(first, first.steps)
        safetensors.torch.save_file(first.model.state_dict(), weights)
        ways: dict[str, dict[str, Any]] = {
            "from scratch": {},
            "head alone": {"pretrained": str(weights), "freeze": "backbone"},
            "fine-tuned": {"pretrained": str(weights), "head_epochs": 1e9, "rate_of_pretrained": 0.3},
        }
        for name, settings in ways.items():
            for size in sizes:
                few = [_few(target, size, seed) for seed in range(seeds)]
                found[name].append([_learnt(p, settings, steps, width, seed) for seed, p in enumerate(few)])
    means = {name: np.mean(values, axis=1).tolist() for name, values in found.items()}
    return _exhibit(sizes, means, first.evaluate()["validation_accuracy"], found)


def _only(collection: Collection, classes: range) -> Collection:
    """The pictures of some classes, which are numbered anew."""
    rows = np.flatnonzero(np.isin(collection.labels, list(classes)))
    part = collection.subset(rows)
    return replace(part, labels=part.labels - classes.start, classes=[collection.classes[i] for i in classes])


def _few(prepared: Prepared, per_class: int, seed: int) -> Prepared:
    """So many training pictures of each class; all others are what is scored."""
    dice = np.random.default_rng(seed)
    labels = prepared.collection.labels
    drawn = [dice.permutation(np.flatnonzero(labels == k))[:per_class] for k in range(prepared.n_classes)]
    train = np.concatenate(drawn)
    rest = np.setdiff1d(np.arange(len(labels)), train)
    none = np.empty(0, dtype=np.int64)
    return replace(prepared, split=Split(train, rest, none, f"{per_class} of each class", prepared.split.keys))


def _learnt(prepared: Prepared, settings: Mapping[str, Any], steps: int, width: int, seed: int) -> float:
    """The share of other pictures told right after so many steps."""
    per_epoch = max(1, len(prepared.split.train) // BATCH)
    task = classify.build(
        prepared, **PLAIN, width=width, batch=BATCH, lr=RATE, epochs=steps / per_epoch, seed=seed, **settings
    )
    fit(task, task.steps)
    return task.evaluate()["validation_accuracy"]


def _exhibit(
    sizes: list[int], means: Mapping[str, list[float]], source: float, found: Mapping[str, list[list[float]]]
) -> Exhibit:
    findings = [f"The network tells 0 to 4 apart at {100 * source:.1f} %; it is then taught 5 to 9."]
    for place in (0, -1):
        shares = ", ".join(f"{name} {100 * values[place]:.1f} %" for name, values in means.items())
        findings.append(f"From {sizes[place]} pictures a class: {shares}.")
    best = [max(means, key=lambda name: means[name][place]) for place in range(len(sizes))]
    counts = ", ".join(f"{name} ({size})" for size, name in zip(sizes, best, strict=True))
    findings.append(f"The best way for each number of pictures a class: {counts}.")

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for name, values in means.items():
            colour, marker = STYLES[name]
            axes.plot(sizes, values, color=colour, marker=marker, label=name)
        axes.set(xlabel="training pictures a class", ylabel="accuracy on all others")
        scale(axes, "x", log=True)
        percent(axes, "y")
        legend(axes)

    reading = "What was learned before stands in for pictures; the more of them there are, the less it matters."
    chart = Chart("Five new digits from few pictures", draw(paint, 240), reading)
    return Exhibit("Transfer", findings, [chart], data={"pictures_per_class": sizes, "accuracy": dict(found)})
