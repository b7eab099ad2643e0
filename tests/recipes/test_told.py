"""Recipes that tell numbers or attributes: they share every setting with `classify`, and say what they cannot do."""

import math
from dataclasses import replace

import pytest
import torch

from visus.data.prepare import prepare
from visus.engine.loop import fit
from visus.recipes import _form, attributes, classify, regress

QUICK = {"size": 12, "arithmetic": "float32", "model": "linear", "crop": 0, "batch": 16}


@pytest.fixture(scope="module")
def shades(tmp_path_factory, draw_shades):
    """60 grey pictures with their brightness in permille, and whether they are bright or have a mark."""
    return str(draw_shades(tmp_path_factory.mktemp("shades"), 60, "path", 255 / 1000))


def test_numbers_are_learned_in_standard_units_and_told_in_their_own(shades):
    task = regress.build(shades, "shade", **QUICK, lr=0.02, epochs=60)
    start = task.evaluate()
    assert start["validation_r2"] < 0.2
    fit(task, task.steps)
    end = task.evaluate()
    assert end["validation_r2"] > 0.9
    assert end["validation_mae"] < 60 < start["validation_mae"]
    assert next(iter(end)) == "validation_r2"
    images, truth = next(task.data.part("validation"))
    assert float((task.predict(images) - truth).abs().mean()) == pytest.approx(end["validation_mae"], rel=1e-5)


def test_the_loss_does_not_depend_on_the_unit(shades):
    prepared = prepare(shades, 12, targets="shade")
    losses = []
    for factor in (1.0, 1e-3):
        scaled = replace(prepared.collection, targets=prepared.collection.targets * factor)
        task = regress.build(replace(prepared, collection=scaled), "shade", **QUICK)
        losses.append(float(task.misjudgement(next(task.batches()))["l2_error"].detach()))
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


@pytest.mark.parametrize("loss", ["logistic", "hinge"])
def test_each_attribute_is_learned_for_itself(shades, loss):
    task = attributes.build(shades, "bright,mark", **QUICK, loss=loss, lr=0.02, epochs=60)
    assert task.data.prepared.collection.target_names == ["bright", "mark=cross", "mark=none"]
    blind = 3 * (1.0 if loss == "hinge" else math.log(2))
    assert task.objectives[0].blind_loss == blind
    fit(task, task.steps)
    end = task.evaluate()
    assert end["validation_average_precision"] > 0.9
    assert end["validation_accuracy"] > 0.9
    chances = task.predict(next(task.data.part("validation"))[0])
    assert chances.shape[1] == 3
    assert bool(((chances >= 0) & (chances <= 1)).all())


@pytest.mark.parametrize("recipe", [regress, attributes])
def test_they_have_the_settings_of_classify_but_those_of_one_true_class(recipe):
    own, general = _form.fields(recipe.build), _form.fields(classify.build)
    assert general.keys() - own.keys() == {"smoothing", "margin", "adversary", "epsilon", "attack_steps"}
    assert own.keys() - general.keys() == {"targets"}
    assert list(own)[:3] == ["data", "targets", "loss"]
    assert own["weight_decay"] == general["weight_decay"]
    assert "goal" not in own
    assert _form.read(recipe.build, {"targets": "age", "model": "mlp", "hidden": "7"})["hidden"] == 7


@pytest.mark.parametrize("loss", ["l2", "l1", "half_squared"])
def test_every_loss_of_numbers_starts_near_a_blind_guess(shades, loss):
    task = regress.build(shades, "shade", **QUICK, loss=loss)
    truth = task.model.units.standardised(torch.cat([y for _, y in task.data.part("train")]))
    blind = {"l2": truth.square(), "l1": truth.abs(), "half_squared": truth.square() / 2}[loss].mean()
    assert task.evaluate()["train_loss"] == pytest.approx(float(blind), rel=0.3)


@pytest.mark.parametrize(
    ("recipe", "targets", "settings", "sentence"),
    [
        (regress, "", {}, "regress needs the columns of the table to tell, for example targets=age"),
        (attributes, "", {}, "attributes needs the columns"),
        (regress, "shade", {"model": "knn"}, "knn names classes by remembering and cannot tell numbers"),
        (regress, "mark", {}, "'mark' must be a number; got 'cross' .categories are told by task=attributes."),
    ],
)
def test_what_cannot_be_told_gets_one_sentence(shades, recipe, targets, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        recipe.build(shades, targets, **{**QUICK, **settings})


def test_pictures_prepared_for_something_else_are_refused(shades, stripes):
    with pytest.raises(
        ValueError, match=r"regress tells numbers and these pictures come with classes; take .* classify"
    ):
        regress.build(prepare(stripes), "shade", **QUICK)
    with pytest.raises(
        ValueError, match=r"classify tells classes and these pictures come with numbers; take .* regress"
    ):
        classify.build(prepare(shades, targets="shade"), **QUICK)
