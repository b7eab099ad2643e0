"""The doctor in our own loop: it charts a run, changes nothing, survives a stop, and names what is not a number."""

import json
from itertools import islice

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from visus.data.batches import Batches
from visus.data.prepare import prepare
from visus.data.preprocess import Standardise
from visus.doctor.checkup import LOOK_EVERY, Checkup, StopNotFinite
from visus.doctor.instruments import due
from visus.engine.loop import Evaluate, Observer, StopTraining, fit
from visus.engine.objective import Memory, Objective
from visus.engine.optimizers import momentum
from visus.engine.task import Task
from visus.runs.recorder import plain
from visus.tasks.classify import Classify

K, D, STEPS = 4, 6, 60


class Blobs(Task):
    """Four blobs in six dimensions and a small network with batch normalisation and dropout."""

    steps, steps_per_epoch = STEPS, 15

    def __init__(self, lr=0.05):
        super().__init__()
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(D, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, K))
        self.objectives = [Objective("blobs", self.loss, self.model.parameters(), momentum, lr=lr)]

    def loss(self, batch):
        return {"cross_entropy": F.cross_entropy(self.model(batch[0]), batch[1])}

    def batches(self, start=0):
        step = start
        while True:
            yield self.draw(step)
            step += 1

    def draw(self, step):
        dice = torch.Generator().manual_seed(step)
        labels = torch.randint(K, (32,), generator=dice)
        return 2 * F.one_hot(labels, D) + torch.randn(32, D, generator=dice), labels

    @torch.no_grad()
    def evaluate(self):
        x, y = self.draw(10**6)
        self.eval()
        scores = self.model(x)
        self.train()
        return {
            "accuracy": float((scores.argmax(1) == y).float().mean()),
            "validation_loss": float(F.cross_entropy(scores, y)),
        }


class StopAt(Observer):
    def __init__(self, step):
        self.step = step

    def after_step(self, step, task):
        if step + 1 == self.step:
            raise StopTraining("enough")


def checked(task, *more, checkup=None, start=0):
    checkup = checkup or Checkup()
    why = fit(task, STEPS, [checkup, StopNotFinite(), Evaluate(15, [checkup]), *more], start)
    return checkup, why


def test_a_run_is_charted_step_by_step():
    checkup, why = checked(Blobs())
    chart = checkup.chart
    assert why == ""
    assert chart.steps == chart.losses.count == STEPS
    assert chart.facts["planned_steps"] == STEPS
    assert [s["step"] for s in chart.samples] == [step for step in range(STEPS) if due(step)]
    assert all({"inputs", "outputs", "layers", "update"} <= set(s) for s in chart.samples)
    assert [e["step"] for e in chart.evaluations] == [15, 30, 45, 60]
    assert all(e["score"] == e["accuracy"] for e in chart.evaluations)
    assert all(e["loss"] == e["validation_loss"] for e in chart.evaluations)
    assert chart.consultation["right"] > 0.7
    assert not checkup.diagnosis().alarm
    json.dumps(plain(chart.to_dict()), allow_nan=False)


def test_the_task_is_trained_bit_for_bit_as_without_a_doctor():
    watched, alone = Blobs(), Blobs()
    checked(watched)
    after_watched = torch.get_rng_state()
    torch.manual_seed(0)
    alone = Blobs()
    fit(alone, STEPS, [Evaluate(15, [])])
    assert torch.equal(after_watched, torch.get_rng_state())
    for (name, a), (_, b) in zip(watched.state_dict().items(), alone.state_dict().items(), strict=True):
        assert torch.equal(a, b), name
    for hooks in ("_forward_hooks", "_forward_pre_hooks"):
        assert not any(getattr(m, hooks) for m in watched.modules())


@pytest.mark.parametrize("at", [20, 37])
def test_a_run_that_was_stopped_goes_on_with_its_chart(at):
    whole, _ = checked(Blobs())
    task, first = Blobs(), Checkup()
    fit(task, STEPS, [first, Evaluate(15, [first]), Kept := Snapshot(at, first)])
    again = Checkup()
    again.restore(json.loads(json.dumps(Kept.observer)))
    task.load_state_dict(Kept.task)
    task.objectives[0].load_state_dict(Kept.objective)
    torch.set_rng_state(Kept.random)
    checked(task, checkup=again, start=at)
    assert again.chart.steps == again.chart.losses.count == STEPS
    assert again.chart.losses.curve == whole.chart.losses.curve
    assert [s["step"] for s in again.chart.samples] == [s["step"] for s in whole.chart.samples]
    assert [e["score"] for e in again.chart.evaluations] == [e["score"] for e in whole.chart.evaluations]
    assert again.chart.facts["tensors"] == whole.chart.facts["tensors"]  # as they were at the very start
    assert [f.kind for f in again.diagnosis().causes] == [f.kind for f in whole.diagnosis().causes]


class Snapshot(Observer):
    """What a checkpoint holds, taken at a step; then the run is cut off."""

    def __init__(self, step, checkup):
        self.step, self.checkup = step, checkup

    def after_step(self, step, task):
        if step + 1 == self.step:
            self.observer = self.checkup.state()
            self.task = {name: value.clone() for name, value in task.state_dict().items()}
            self.objective = task.objectives[0].state_dict()
            self.random = torch.get_rng_state()
            raise StopTraining("killed")


def test_a_resumed_run_is_not_taken_for_one_that_skips_updates_or_stands_still():
    task, first = Blobs(), Checkup()
    task.steps = 400
    fit(task, 400, [first, kept := Snapshot(150, first)])
    again = Checkup()
    again.restore(kept.observer)
    task.load_state_dict(kept.task)
    fit(task, 400, [again], 150)
    kinds = {f.kind for f in (*again.diagnosis().causes, *again.diagnosis().notes)}
    assert not kinds & {"steps_skipped", "optimizer_restarted", "learning_rate_too_low", "weights_overwritten"}


def test_a_state_that_is_no_chart_is_refused_and_none_is_no_state():
    with pytest.raises(ValueError, match="no chart"):
        Checkup().restore({"chart": {"mood": "good"}})
    fresh = Checkup()
    assert fresh.state() == {}
    fresh.restore({})
    assert fresh.chart.steps == 0


class Divides(Blobs):
    """One of two terms becomes nothing over nothing at a step."""

    bad = 23

    def __init__(self):
        super().__init__()
        self.calls = 0

    def loss(self, batch):
        zero = torch.zeros(()) if self.calls == self.bad else torch.ones(())
        self.calls += 1
        return {**super().loss(batch), "ratio": 0.1 * self.model[0].weight.square().mean() * zero / zero}


def test_a_loss_that_is_not_finite_stops_the_run_and_its_term_is_named():
    checkup, why = checked(Divides())
    assert why == f"cross_entropy is not finite at step {3 * LOOK_EVERY}" or why.startswith("ratio")
    found = checkup.chart.facts["not_finite"]
    assert found["term"] == "ratio"
    assert found["step"] == Divides.bad
    assert checkup.chart.losses.first_not_finite == Divides.bad
    diagnosis = checkup.diagnosis()
    assert diagnosis.alarm
    assert diagnosis.causes[0].kind in ("not_finite", "learning_rate_too_high")
    assert f"ratio is not finite at step {Divides.bad}" in diagnosis.causes[0].what


def test_a_run_stops_at_once_where_the_very_first_steps_are_not_finite():
    task = Divides()
    task.bad = 2
    checkup, why = checked(task)
    assert why == "ratio is not finite at step 2"
    assert checkup.chart.steps == 3


def test_a_gradient_that_is_not_finite_is_named_though_the_loss_is():
    class Root(Blobs):
        def loss(self, batch):
            return {**super().loss(batch), "root": 1e-3 * (0 * self.model[4].weight).abs().sqrt().sum()}

    checkup, why = checked(Root())
    assert why == "the gradient is not finite at step 0"
    assert checkup.chart.facts["not_finite"]["term"] == "the gradient"
    assert checkup.diagnosis().alarm


def test_a_memory_that_descends_nothing_is_not_charted():
    task = Blobs()
    task.objectives = [Memory(lambda batch: None)]
    checkup, why = checked(task)
    assert why == ""
    assert checkup.chart.steps == 0
    assert not checkup.diagnosis().alarm


def test_only_the_first_of_several_objectives_is_charted():
    task = Blobs()
    second = nn.Linear(D, 1)
    task.objectives = [
        *task.objectives,
        Objective(
            "second", lambda b: {"other": second(b[0]).square().mean() + 100}, second.parameters(), momentum, lr=0.01
        ),
    ]
    checkup, _ = checked(task)
    assert checkup.chart.steps == STEPS
    assert checkup.chart.losses.mean(0, 1) < 10


# -- pictures that break a batch --------------------------------------------------------------------------------------


class BreaksOn(Standardise):
    """Preprocessing that fails for some pictures, known by the sum of their bytes."""

    def __init__(self, prepared, sums):
        super().__init__(prepared.mean, prepared.std)
        self.sums = torch.tensor(sums)

    def forward(self, images):
        bad = torch.isin(images.long().sum((1, 2, 3)), self.sums)
        return super().forward(images) / (~bad).float()[:, None, None, None] * 1.0


@pytest.fixture
def prepared(stripes):
    return prepare(stripes)


def classifier(prepared, rows, lr=0.01):
    standardise = BreaksOn(prepared, prepared.pixels[rows].long().sum((1, 2, 3)).tolist())
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))
    network(torch.zeros(2, *prepared.image))
    data = Batches(prepared, 16, seed=0)
    task = Classify(standardise, network, data, F.cross_entropy, momentum, lr=lr)
    task.steps = 30
    return task


@pytest.mark.parametrize("n_bad", [1, 2])
def test_the_pictures_that_break_a_batch_are_named(prepared, n_bad):
    names = prepared.collection.names
    first = Batches(prepared, 16, seed=0).sources(2)
    bad = [names.index(name) for name in sorted(first)[:n_bad]]
    task = classifier(prepared, bad)
    checkup = Checkup()
    why = fit(task, 30, [checkup, StopNotFinite()])
    assert "not finite" in why
    found = checkup.chart.facts["not_finite"]
    sources = [task.sources(step) for step in range(3)]
    step = next(s for s in range(3) if any(names[i] in sources[s] for i in bad))
    assert found["step"] == step
    expected = [name for name in sources[step] if name in {names[i] for i in bad}]
    assert found["files"] == expected
    assert [sources[step][row] for row in found["rows"]] == expected
    assert any(expected[0] in cause.what for cause in checkup.diagnosis().causes)


def test_where_no_picture_is_to_blame_those_of_the_batch_are_named(prepared):
    task = classifier(prepared, [], lr=1e30)
    checkup = Checkup()
    fit(task, 30, [checkup, StopNotFinite()])
    found = checkup.chart.facts["not_finite"]
    assert found["files"] == task.sources(found["step"])
    assert checkup.diagnosis().causes[0].kind == "learning_rate_too_high"


def test_a_healthy_run_names_nobody(prepared):
    checkup = Checkup()
    assert fit(classifier(prepared, []), 30, [checkup, StopNotFinite()]) == ""
    assert "not_finite" not in checkup.chart.facts


def test_sources_are_the_pictures_of_the_batch_of_that_step(prepared):
    batches = Batches(prepared, 16, seed=3)
    rows = {name: row for row, name in enumerate(prepared.collection.names)}
    for step, (images, labels) in enumerate(islice(batches.batches(), 9)):
        named = [rows[name] for name in batches.sources(step)]
        assert torch.equal(prepared.pixels[named], images)
        assert prepared.collection.labels[named].tolist() == labels.tolist()
    assert batches.sources(4) == Batches(prepared, 16, seed=3).sources(4)
    assert batches.sources(4) != Batches(prepared, 16, seed=4).sources(4)
