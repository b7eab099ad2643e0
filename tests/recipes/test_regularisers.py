"""Regularisers as settings of the recipe: what they do to weights, and that they come along where they must."""

import copy

import pytest
import torch

from visus.doctor.before import gradient, regularisation
from visus.doctor.checkup import Checkup
from visus.doctor.during import overwritten
from visus.doctor.finding import PASS
from visus.engine.loop import fit
from visus.engine.objective import Objective, sum_of
from visus.engine.optimizers import sgd
from visus.recipes import _form, classify

PLAIN = {"model": "mlp", "hidden": 16, "arithmetic": "float32", "device": "cpu", "weight_decay": 0.0, "crop": 0}


def built(**settings):
    return classify.build("digits", **{**PLAIN, "epochs": 1.0, **settings})


def linear(**settings):
    plain = {name: value for name, value in PLAIN.items() if name != "hidden"}
    return classify.build("digits", **{**plain, "model": "linear", "lr": 0.02, "epochs": 8.0, **settings})


def test_l1_adds_the_sign_of_each_weight_and_of_no_bias():
    plain, penalised = built(), built(l1=0.01)
    batch = next(iter(plain.batches()))
    for task in (plain, penalised):
        task.objectives[0].optimizer.step = lambda: None  # gradients alone
        task.objectives[0].improve(batch)
    for a, b in zip(plain.model.parameters(), penalised.model.parameters(), strict=True):
        expected = a.grad + 0.01 * a.detach().sign() if a.ndim >= 2 else a.grad
        torch.testing.assert_close(b.grad, expected)


def test_an_update_with_l1_descends_loss_and_penalty_together():
    torch.manual_seed(0)
    w = torch.nn.Parameter(torch.randn(3, 4, dtype=torch.float64))
    x = torch.randn(5, 4, dtype=torch.float64)
    by_hand = w.detach().clone().requires_grad_()
    loss = lambda weight: (x @ weight.T).square().mean()  # noqa: E731
    objective = Objective("fit", lambda batch: {"square": loss(w)}, [w], sgd, lr=0.1, l1=0.3)
    report = objective.improve((x,))
    (loss(by_hand) + 0.3 * by_hand.abs().sum()).backward()
    torch.testing.assert_close(w.detach(), by_hand.detach() - 0.1 * by_hand.grad)
    torch.testing.assert_close(report.loss, loss(by_hand).detach())  # the loss is told without the penalty
    assert float(sum_of(report.terms)) == float(report.loss)


def test_l1_brings_more_weights_to_nothing_than_l2():
    gone = {}
    for name, settings in {"l1": {"l1": 0.01}, "l2": {"weight_decay": 0.01}}.items():
        task = linear(**settings)
        fit(task, task.steps)
        weight = task.model.network[-1].weight.detach().abs()
        gone[name] = float((weight < 0.01 * weight.max()).float().mean())
    assert gone["l1"] > 0.5 > gone["l2"]


@pytest.mark.parametrize("optimizer", ["nesterov", "adam"])
def test_max_norm_holds_after_every_update_and_in_a_copy(optimizer):
    task = built(max_norm_weights=0.7, optimizer=optimizer, lr=0.05)
    for patient in (task, copy.deepcopy(task)):
        fit(patient, 10)
        for layer in (patient.model.network[1], patient.model.network[-1]):
            assert float(layer.weight.detach().norm(dim=1).max()) <= 0.7 * (1 + 1e-6)
    first = task.model.network[1].weight.detach().norm(dim=1)
    assert float(first.max()) == pytest.approx(0.7, rel=1e-5)  # it really had something to hold back


def test_the_doctor_takes_neither_for_an_illness():
    task = built(max_norm_weights=0.5, l1=1e-3, epochs=2.0)
    for examination in (gradient, regularisation):
        assert [finding.severity for finding in examination.examine(task)] == [PASS]
    checkup = Checkup()
    fit(task, 40, [checkup])
    assert checkup.chart.counts["updates_watched"] >= 30
    assert overwritten.look(checkup.chart) == []


def test_a_learner_by_memory_has_no_use_for_them():
    with pytest.raises(ValueError, match="knn learns by remembering and has no use for l1, max_norm_weights"):
        classify.refuse_idle("knn", ["l1", "max_norm_weights"])


def test_words_of_a_model_are_refused_before_anything_is_read():
    with pytest.raises(ValueError, match=r"norm must be one of none, batch, layer, group; got 'bath'\. Did you mean"):
        _form.read(classify.build, {"model": "mlp", "norm": "bath"})


def test_a_saved_network_is_rebuilt_with_its_own_settings():
    settings = {"activation": "maxout", "norm": "group", "dropout": 0.5, "drop": "dropconnect", "init": "sparse"}
    task = built(layers=3, **settings)
    values = _form.resolved(classify.build, {"model": "mlp", "hidden": 16, "layers": 3, **settings})
    twin = classify.rebuild("mlp", task.data.prepared.image, 10, classify.architecture_settings(values))
    twin.load_state_dict(task.model.state_dict())
    images, _ = next(iter(task.data.part("test", 20)))
    assert torch.equal(twin.eval()(images), task.scores(images))
