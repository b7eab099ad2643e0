"""From weights of one training to the next: what comes along, what stays, and that the rest of Visus agrees."""

from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch

from visus.data.prepare import prepare
from visus.data.source import open_collection
from visus.engine.loop import fit
from visus.playbook.train import model_facts
from visus.recipes import _form, classify
from visus.ship import model as ship

PLAIN = {"arithmetic": "float32", "device": "cpu"}
SOURCE = {"model": "small_conv", "width": 4, "epochs": 0.2, **PLAIN}


@pytest.fixture(scope="module")
def some():
    """200 pictures of the digits 0 to 4, and of 5 to 9."""
    digits = open_collection("digits")
    found = []
    for first in (0, 5):
        part = digits.subset(np.flatnonzero((digits.labels >= first) & (digits.labels < first + 5))[:200])
        names = [str(i) for i in range(first, first + 5)]
        found.append(prepare(replace(part, labels=part.labels - first, classes=names)))
    return found


@pytest.fixture(scope="module")
def source(some, tmp_path_factory):
    """The folder of a model that was trained on 0 to 4."""
    task = classify.build(some[0], **SOURCE)
    fit(task, task.steps)
    folder = tmp_path_factory.mktemp("source")
    ship.save(folder, task.model, model_facts(some[0], _form.resolved(classify.build, SOURCE)), "")
    return folder


def weights(task):
    return {name: tensor.clone() for name, tensor in task.model.state_dict().items()}


def changed(task, before):
    now = task.model.state_dict()
    return {name.removeprefix("network.") for name in now if not torch.equal(now[name], before[name])}


def test_the_form_takes_architecture_size_and_settings_from_the_weights(source):
    form = _form.resolved(classify.build, {"pretrained": str(source)})
    assert (form["model"], form["width"], form["size"]) == ("small_conv", 4, 8)
    assert _form.resolved(classify.build, {"pretrained": str(source), "size": 16})["size"] == 16
    assert _form.completed(classify.build, {"lr": 0.1}) == {"lr": 0.1}
    assert _form.completed(classify.build, {"pretrained": str(source)})["width"] == 4


def test_other_classes_take_backbone_and_standardisation_and_the_same_ones_the_head_too(some, source):
    kept = safetensors.torch.load_file(source / "model" / "weights.safetensors")
    other = weights(classify.build(some[1], pretrained=str(source), epochs=1, **PLAIN))
    same = weights(classify.build(some[0], pretrained=str(source), epochs=1, **PLAIN))
    assert {name for name in kept if not torch.equal(kept[name], other[name])} == {
        "network.decide.weight",
        "network.decide.bias",
    }
    assert all(torch.equal(kept[name], same[name]) for name in kept)
    mean = torch.tensor(some[1].mean)
    assert not torch.equal(other["standardise.mean"].flatten(), mean)


def test_another_size_of_picture_is_taken_too(source, stripes):
    task = classify.build(str(stripes), pretrained=str(source), size=16, epochs=1, **PLAIN)
    assert task.data.prepared.image == (3, 16, 16)
    assert task.evaluate()["validation_accuracy"] >= 0


def test_a_frozen_backbone_changes_in_nothing_its_statistics_included(some, source):
    task = classify.build(some[1], pretrained=str(source), freeze="backbone", epochs=1, batch=20, **PLAIN)
    before = weights(task)
    fit(task, 3)
    task.evaluate()
    fit(task, 6, start=3)
    assert changed(task, before) == {"decide.weight", "decide.bias"}


def test_frozen_up_to_a_layer(some, source):
    task = classify.build(some[1], pretrained=str(source), freeze="stages.1", epochs=1, batch=20, **PLAIN)
    before = weights(task)
    fit(task, 3)
    assert {name.partition(".refine")[0].partition(".widen")[0] for name in changed(task, before)} == {
        "stages.2",
        "decide.weight",
        "decide.bias",
    }


def test_the_head_learns_alone_first_and_a_resumed_run_goes_on_exactly(some, source):
    def built():
        return classify.build(
            some[1], pretrained=str(source), head_epochs=0.5, lower_rate=0.5, epochs=1, batch=20, **PLAIN
        )

    straight, parted, later = built(), built(), built()
    before = weights(straight)
    alone = straight.rest.until
    assert 0 < alone < straight.steps
    fit(straight, alone)
    assert changed(straight, before) == {"decide.weight", "decide.bias"}
    fit(straight, straight.steps, start=alone)
    assert "stem.weight" in changed(straight, before)
    for stop in (alone - 1, alone, alone + 1):
        parted = built()
        fit(parted, stop)
        later = built()
        later.load_state_dict(parted.state_dict())
        later.objectives[0].load_state_dict(parted.objectives[0].state_dict())
        fit(later, later.steps, start=stop)
        assert changed(later, weights(straight)) == set()


def test_rates_fall_from_stage_to_stage(some, source):
    task = classify.build(some[1], pretrained=str(source), lower_rate=0.5, rate_of_pretrained=0.1, epochs=1, **PLAIN)
    network, optimizer = task.model.network, task.objectives[0].optimizer
    factor = {id(p): group.get("factor", 1.0) for group in optimizer.param_groups for p in group["params"]}
    assert factor[id(network.decide.weight)] == 1
    assert factor[id(network.stages[2].refine.weight)] == pytest.approx(0.1)
    assert factor[id(network.stages[2].widen.weight)] == pytest.approx(0.05)  # it works before its pooling
    assert factor[id(network.stem.weight)] == pytest.approx(0.0125)


def test_the_model_that_is_shipped_needs_no_other_weights(some, source, tmp_path):
    settings = {"pretrained": str(source), "freeze": "backbone", "epochs": 0.2, **PLAIN}
    task = classify.build(some[1], **settings)
    facts = model_facts(some[1], _form.resolved(classify.build, settings))
    assert facts["pretrained"] == str(source)
    ship.save(tmp_path, task.model, facts, "")
    images = next(some[1].part("validation"))[0]
    torch.testing.assert_close(ship.load(tmp_path).score(images), task.predict(images))


@pytest.mark.parametrize(
    ("settings", "error", "sentence"),
    [
        ({"freeze": "stages.9"}, LookupError, r"freeze=stages.9: no layer 'stages.9' .* Or: none, backbone"),
        ({"freeze": "decide"}, ValueError, "would leave nothing to learn"),
        ({"model": "resnet18"}, ValueError, "holds a small_conv, not a resnet18; leave model=resnet18 out"),
        ({"width": 8}, ValueError, "this network's is .*; take the model, its settings"),
        ({"optimizer": "lbfgs"}, ValueError, "lbfgs has one rate for all weights"),
        ({"features": "hog"}, ValueError, "looks at pixels; leave features=hog out"),
    ],
)
def test_settings_that_do_not_fit_are_refused(some, source, settings, error, sentence):
    with pytest.raises(error, match=sentence):
        classify.build(some[1], **{"pretrained": str(source), **PLAIN, **settings})


def test_nothing_is_kept_of_weights_that_were_never_trained(some):
    with pytest.raises(ValueError, match="freeze would keep weights that were never trained; add pretrained="):
        classify.build(some[1], freeze="backbone", **PLAIN)


def test_a_learner_that_remembers_has_no_use_for_weights():
    with pytest.raises(ValueError, match=r"knn .* no use for .*pretrained"):
        classify.refuse_idle("knn", {"pretrained": "imagenet"})


def test_imagenet_weights_bring_their_size_standardisation_and_settings(stripes, monkeypatch):
    monkeypatch.setattr(classify._transfer.published, "load", lambda name, network: None)
    form = _form.resolved(classify.build, {"pretrained": "imagenet", "model": "squeezenet1_1"})
    assert (form["model"], form["size"]) == ("squeezenet1_1", 224)
    assert _form.resolved(classify.build, {"pretrained": "imagenet"})["model"] == "resnet18"
    with pytest.raises(LookupError, match="no ImageNet weights are published for 'mlp'"):
        _form.resolved(classify.build, {"pretrained": "imagenet", "model": "mlp"})
    small = {"model": "squeezenet1_1", "size": 32, "freeze": "backbone", "epochs": 1}
    task = classify.build(str(stripes), pretrained="imagenet", **small, **PLAIN)
    torch.testing.assert_close(task.model.standardise.mean.flatten(), torch.tensor([0.485, 0.456, 0.406]))
