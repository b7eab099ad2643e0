"""What do several networks know together that one of them does not?"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor

from ..data.batches import Prepared
from ..data.prepare import prepare
from ..engine import averaging
from ..engine.loop import Observer, fit
from ..engine.schedules import cycle_ends
from ..engine.task import Task
from ..metrics.gain import Gain, measure
from ..metrics.paired import Difference, paired_bootstrap
from ..recipes import classify
from ..recipes._form import About, Limits
from ..report.exhibit import Table
from ..report.figures.members import members as against_members
from ..tasks.classify import Classification
from ._exhibit import Exhibit

PLAIN: dict[str, Any] = {"model": "mlp", "hidden": 32, "lr": 0.05, "crop": 0, "arithmetic": "float32", "device": "cpu"}
CYCLE = 1 / 3  # of an ordinary run's length; a snapshot need not be trained as long, it starts from the one before
SWA = 0.5  # last share of a run whose weights are averaged
SWA_LR = 0.1  # kept to the end: too high to settle, which is where an average of weights helps
SNAPSHOTS = "snapshots"
QUICK = {"members": 3, "train": 100, "epochs": 2.0}


@dataclass(frozen=True)
class Kind:
    """One way to get members. runs: its cost in ordinary trainings. weights: accuracy of the members' mean weights."""

    name: str
    gain: Gain
    runs: float
    weights: float


def run(
    data: Annotated[str, About("digits, mnist, fashion-mnist, cifar10 or your own pictures")] = "digits",
    members: Annotated[int, Limits(2, 50), About("networks of each kind")] = 6,
    train: Annotated[int, Limits(20), About("training pictures; few leave something to gain")] = 300,
    epochs: Annotated[float, Limits(1.0), About("passes of each network over them")] = 10.0,
    seed: Annotated[int, Limits(0), About("of the first network")] = 0,
) -> Exhibit:
    pictures, rest = _divided(prepare(data), train)
    images, labels = pictures.images(rest), pictures.labels(rest)
    seeds = [_train(pictures, epochs, seed + i) for i in range(members)]
    bags = [_train(_bag(pictures, seed + i), epochs, seed + i) for i in range(members)]
    snapshots = _snapshots(pictures, members * epochs * CYCLE, members, seed)
    kinds = [
        _measured("other seeds", seeds, images, labels, members),
        _measured("bagging", bags, images, labels, members),
        _measured(SNAPSHOTS, snapshots, images, labels, members * CYCLE),
    ]
    own, averaged = _swa(pictures, epochs, seed, images, labels)
    rows = [_row(kind) for kind in kinds]
    table = Table(
        "Ways to get members",
        ["members", "trainings", "alone", "together", "disagree", "weights averaged"],
        rows,
        f"Accuracy on {len(labels):,} pictures that no network learned from; alone: the mean member, of snapshots the "
        "last. Bagging trains each on pictures drawn with replacement; snapshots are of one run with a cyclic rate.",
    )
    return Exhibit(
        "Ensembles",
        [*_sentences(kinds), _swa_sentence(own, averaged, _alone(kinds[0]))],
        [against_members({kind.name: kind.gain.curve for kind in kinds})],
        tables=[table],
        data={kind.name: _plain(kind) for kind in kinds} | {"swa": {"last": own, "averaged": averaged.mean + own}},
    )


def _divided(prepared: Prepared, train: int) -> tuple[Prepared, Any]:
    """A small training part, and the rows of everything else that is not the test part."""
    small = prepared.limited(train)
    others = np.setdiff1d(prepared.split.train, small.split.train)
    return small, np.concatenate([prepared.split.validation, others])


def _bag(prepared: Prepared, seed: int) -> Prepared:
    """As many training pictures as before, drawn with replacement: about 63 % of them, some more than once."""
    drawn = np.random.default_rng(seed).choice(prepared.split.train, len(prepared.split.train))
    return replace(prepared, split=replace(prepared.split, train=drawn))


def _train(
    prepared: Prepared, epochs: float, seed: int, watch: Sequence[Observer] = (), **settings: Any
) -> Classification:
    task = classify.build(prepared, epochs=epochs, seed=seed, **PLAIN, **settings)
    fit(task, task.steps, list(watch))
    return task


def _snapshots(prepared: Prepared, epochs: float, n: int, seed: int) -> list[Classification]:
    """One run with a cyclic rate; a copy of it at the end of each cycle."""
    kept: list[dict[str, Tensor]] = []
    task = classify.build(prepared, epochs=epochs, seed=seed, schedule="cyclic", cycles=n, **PLAIN)
    fit(task, task.steps, [_Keep(cycle_ends(task.steps, n), kept)])
    return [_with(task, weights) for weights in kept]


class _Keep(Observer):
    """Copies the weights after the improvements `ends`."""

    def __init__(self, ends: Sequence[int], kept: list[dict[str, Tensor]]) -> None:
        self.ends, self.kept = set(ends), kept

    def after_step(self, step: int, task: Task) -> None:
        if step in self.ends:
            self.kept.append({name: tensor.clone() for name, tensor in task.state_dict().items()})


def _with(task: Classification, weights: dict[str, Tensor]) -> Classification:
    """A copy of the task with other weights."""
    other = deepcopy(task)
    other.load_state_dict(weights)
    return other


def _measured(name: str, tasks: Sequence[Classification], images: Tensor, labels: Tensor, runs: float) -> Kind:
    probabilities = np.stack([task.predict(images).numpy() for task in tasks])
    states = [task.state_dict() for task in tasks]
    mean = {key: torch.stack([state[key].double() for state in states]).mean(0).to(states[0][key]) for key in states[0]}
    middle = _with(tasks[0], mean)
    right = (middle.predict(images).argmax(1) == labels).double().mean().item()
    return Kind(name, measure(probabilities, labels.numpy()), runs, right)


def _swa(prepared: Prepared, epochs: float, seed: int, images: Tensor, labels: Tensor) -> tuple[float, Difference]:
    """A run at a constant rate: the accuracy of its last weights, and what averaging them over its last part adds."""
    task = classify.build(prepared, epochs=epochs, seed=seed, swa=SWA, **PLAIN | {"schedule": "constant", "lr": SWA_LR})
    average = averaging.chosen(task)
    assert average is not None
    fit(task, task.steps, [_Follow(average)])
    own = task.predict(images).argmax(1) == labels
    with average.applied(task):
        averaged = task.predict(images).argmax(1) == labels
    return own.double().mean().item(), paired_bootstrap(own.numpy(), averaged.numpy())


class _Follow(Observer):
    def __init__(self, average: averaging.WeightAverage) -> None:
        self.average = average

    def after_step(self, step: int, task: Task) -> None:
        self.average.update(task)


def _alone(kind: Kind) -> float:
    """What one has without an ensemble: the mean member, or of a run's snapshots the last."""
    return kind.gain.members[-1] if kind.name == SNAPSHOTS else float(np.mean(kind.gain.members))


def _found(kind: Kind) -> Difference:
    return kind.gain.over_last if kind.name == SNAPSHOTS else kind.gain.over_mean


def _sentences(kinds: Sequence[Kind]) -> list[str]:
    said = []
    for kind in kinds:
        n, found = len(kind.gain.members), _found(kind)
        said.append(
            f"{kind.name.capitalize()}: one alone names {100 * _alone(kind):.1f} % rightly, {n} together "
            f"{100 * kind.gain.accuracy:.1f} %: {100 * found.mean:+.1f} points ({100 * found.low:+.1f} to "
            f"{100 * found.high:+.1f}), for the time of {kind.runs:.2g} trainings."
        )
    first = kinds[0]
    said.append(
        "Predictions are averaged, not weights: the mean weights of the networks from other seeds name "
        f"{100 * first.weights:.1f} % rightly, for unit 1 of one network is not unit 1 of the next."
    )
    added = [100 * (after.mean - before.mean) for before, after in pairwise(first.gain.curve)]
    if len(added) > 1:
        said.append(f"The second network of another seed adds {added[0]:+.2f} points, the last one {added[-1]:+.2f}.")
    return said


def _swa_sentence(own: float, averaged: Difference, falling: float) -> str:
    return (
        f"Within one run weights can be averaged: at a rate of {SWA_LR:g} kept to the end the last ones name "
        f"{100 * own:.1f} % rightly, the mean of the last {100 * SWA:.0f} % of the steps "
        f"{100 * (own + averaged.mean):.1f} %: {100 * averaged.mean:+.1f} points ({100 * averaged.low:+.1f} to "
        f"{100 * averaged.high:+.1f}). A rate that falls settles by itself: {100 * falling:.1f} %."
    )


def _row(kind: Kind) -> list[str]:
    gain = kind.gain
    shares = (_alone(kind), gain.accuracy, gain.disagreement, kind.weights)
    return [kind.name, f"{kind.runs:.2g}", *(f"{100 * share:.1f} %" for share in shares)]


def _plain(kind: Kind) -> dict[str, Any]:
    gain = kind.gain
    return {
        "members": list(gain.members),
        "accuracy": gain.accuracy,
        "gain": vars(_found(kind)),
        "disagreement": gain.disagreement,
        "weights_averaged": kind.weights,
        "trainings": kind.runs,
    }
