"""The task of telling pictures value by value: nats by hand, scores, samples that do not disturb, exact resume."""

import copy
import math

import pytest
import torch

from visus.data.drawings import DrawingBatches, prepare_drawings
from visus.engine.loop import fit
from visus.engine.optimizers import NAMED
from visus.models.autoregressive import gated_pixelcnn
from visus.recipes import autoregress
from visus.tasks.autoregress import Autoregress

NARROW = {"model": "gated_pixelcnn", "features": 6, "layers": 2, "kernel": 3, "hidden": 12}
QUICK = {**NARROW, "epochs": 10.0, "lr": 1e-2, "train": 128, "batch": 32, "shown": 4, "arithmetic": "float32"}
VALUES = 64


@pytest.fixture(scope="module")
def digits():
    return prepare_drawings("digits", levels=4)


@pytest.fixture
def task(digits):
    return autoregress.build(data=digits, **QUICK)


def test_the_loss_is_the_nats_of_whole_pictures_by_the_chain_rule(task):
    levels, labels = next(task.batches())
    fit(task, 3)
    expected = 0.0
    table = task.log_probabilities(levels)
    for number, picture in enumerate(levels):
        for y in range(8):
            for x in range(8):
                expected -= float(table[number, int(picture[0, y, x]), 0, y, x])
    assert task.surprise((levels, labels))["nats"].item() == pytest.approx(expected / len(levels), rel=1e-4)


def test_a_fresh_model_knows_nothing_and_training_teaches_it(task):
    assert task.objectives[0].blind_loss == pytest.approx(VALUES * math.log(4))
    before = task.evaluate()
    assert before["validation_nats"] == pytest.approx(VALUES * math.log(4), rel=0.01)
    fit(task, 40)
    after = task.evaluate()
    assert after["validation_nats"] < 0.8 * before["validation_nats"]
    assert next(iter(after)) == "validation_log_likelihood"
    assert after["validation_log_likelihood"] == -after["validation_nats"]
    assert after["validation_bits_per_dim"] == pytest.approx(after["validation_nats"] / VALUES / math.log(2))


def test_to_look_changes_nothing(task):
    fit(task, 2)
    state, random, before = copy.deepcopy(task.state_dict()), torch.get_rng_state(), task.training
    first = (task.evaluate(), task.pictured())
    assert torch.equal(random, torch.get_rng_state())
    assert task.training is before
    assert all(torch.equal(value, task.state_dict()[name]) for name, value in state.items())
    again = (task.evaluate(), task.pictured())
    assert first[0] == again[0]
    assert torch.equal(first[1]["samples"], again[1]["samples"])  # the strip shows what changes in the model alone


def test_samples_are_shown_as_pictures_class_by_class(digits):
    task = autoregress.build(data=digits, **QUICK | {"conditional": True, "shown": 12})
    assert task.n_classes == 10
    shown = task.pictured()["samples"]
    assert shown.shape == (12, 3, 8, 8)
    assert shown.dtype == torch.uint8
    assert autoregress.build(data=digits, **QUICK | {"shown": 0}).pictured() == {}


def test_labels_reach_a_conditional_model_alone(task, digits):
    levels, labels = next(task.batches())
    assert torch.equal(*(task.log_likelihoods(levels, of) for of in (labels, (labels + 1) % 10)))
    asked = autoregress.build(data=digits, **QUICK | {"conditional": True})
    fit(asked, 5)
    assert not torch.equal(*(asked.log_likelihoods(levels, of) for of in (labels, (labels + 1) % 10)))


def test_a_stopped_run_goes_on_as_if_it_had_not_been(digits):
    settings = QUICK | {"dropout": 0.2}
    whole, part = autoregress.build(data=digits, **settings), autoregress.build(data=digits, **settings)
    torch.manual_seed(5)
    fit(whole, 4)
    torch.manual_seed(5)
    fit(part, 2)
    random, state, objective = torch.get_rng_state(), part.state_dict(), part.objectives[0].state_dict()
    resumed = autoregress.build(data=digits, **settings)
    resumed.load_state_dict(copy.deepcopy(state))
    resumed.objectives[0].load_state_dict(copy.deepcopy(objective))
    torch.set_rng_state(random)
    fit(resumed, 4, start=2)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


@pytest.mark.parametrize("model", ["pixelcnn", "gated_pixelcnn", "pixelcnn_mixture"])
def test_gradients_agree_with_differences(model, digits):
    task = autoregress.build(data=digits, **QUICK | {"model": model, "hidden": 6}).double()
    levels, labels = (part[:2] for part in next(task.batches()))
    for parameter in (task.model.tell.weight, next(task.model.trunk.parameters())):
        (slope,) = torch.autograd.grad(task.surprise((levels, labels))["nats"], parameter)
        place = int(slope.abs().argmax())
        found = []
        for step in (1e-5, -1e-5):
            with torch.no_grad():
                parameter.view(-1)[place] += step
            found.append(task.surprise((levels, labels))["nats"].item())
            with torch.no_grad():
                parameter.view(-1)[place] -= step
        assert (found[0] - found[1]) / 2e-5 == pytest.approx(slope.view(-1)[place].item(), rel=1e-4)


def test_a_task_is_handed_what_it_uses_and_can_be_copied(digits):
    data = DrawingBatches(digits, 16, 0)
    network = gated_pixelcnn.build(digits.canvas, features=4, layers=1, kernel=3, hidden=4)
    task = Autoregress(network, data, NAMED["adamw"], lr=1e-2, shown=2)
    twin = copy.deepcopy(task)
    assert twin.data is task.data
    fit(twin, 2)
    moved = [not torch.equal(a, b) for a, b in zip(task.parameters(), twin.parameters(), strict=True)]
    assert any(moved)
    assert task.sources(0) == twin.sources(0)
