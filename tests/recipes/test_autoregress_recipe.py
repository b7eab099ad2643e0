"""The recipe of PixelCNN and its presets: what is built, rebuilt and refused."""

import json

import pytest
import torch

from visus.data.drawings import prepare_drawings
from visus.engine import catalogue
from visus.engine.loop import fit
from visus.models import autoregressive
from visus.recipes import _drawing, _form, autoregress, gated_pixelcnn, pixelcnn, pixelcnn_cifar10, pixelcnn_mnist

QUICK = {"train": 64, "batch": 16, "epochs": 1.0, "arithmetic": "float32", "shown": 0, "kernel": 3}
NARROW = {"features": 6, "layers": 1, "hidden": 6}


@pytest.fixture(scope="module")
def digits():
    return prepare_drawings("digits", levels=4)


@pytest.mark.parametrize("model", ["pixelcnn", "gated_pixelcnn", "pixelcnn_mixture"])
@pytest.mark.parametrize("conditional", [False, True], ids=["plain", "conditional"])
def test_a_rebuilt_model_answers_as_the_trained_one(model, conditional, digits):
    settings = {**QUICK, **NARROW, "data": digits, "model": model, "conditional": conditional}
    task = autoregress.build(**settings)
    fit(task, 2)
    facts = json.loads(json.dumps(task.facts))
    twin = _drawing.rebuild(facts).eval()
    twin.load_state_dict(task.model.state_dict())
    assert facts["tells"] == "generation"
    assert len(facts["classes"]) == (10 if conditional else 0)
    labels = torch.arange(3) if conditional else None
    made = (net.eval().sample(3, torch.Generator().manual_seed(0), labels=labels) for net in (task.model, twin))
    assert torch.equal(*made)


@pytest.mark.parametrize(
    ("preset", "said"),
    [
        (pixelcnn, {"model": "pixelcnn", "levels": 256}),
        (gated_pixelcnn, {"model": "gated_pixelcnn"}),
        (pixelcnn_mnist, {"model": "multiscale_pixelcnn", "data": "mnist", "levels": 2}),
        (pixelcnn_cifar10, {"model": "multiscale_pixelcnn", "data": "cifar10", "levels": 256, "parts": 10}),
    ],
    ids=["pixelcnn", "gated_pixelcnn", "pixelcnn_mnist", "pixelcnn_cifar10"],
)
def test_presets_are_the_recipe_with_other_defaults(preset, said):
    fields = _form.fields(preset.build)
    assert {name: fields[name].default for name in said} == said
    assert preset.SUBJECT == "generation"


def test_every_setting_is_explained_or_the_models_own():
    own = {name for name in catalogue.names(autoregressive) for name in _own(name)}
    unexplained = [f.name for f in _form.fields(autoregress.build).values() if not f.about and f.name not in own]
    assert unexplained == []


def _own(model):
    return _form.own_fields(catalogue.find(autoregressive, model).build)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model": "pixelcnm"}, "Did you mean 'pixelcnn'"),
        ({"layers": 4}, "multiscale_pixelcnn has no setting 'layers'"),
        ({"average": 0.9, "swa": 0.5}, "two averages"),
        ({"channels": 3}, "are grey, and channels=3 asks for colour"),
    ],
    ids=["model", "setting", "averages", "colour"],
)
def test_what_cannot_be_is_one_sentence(settings, said):
    with pytest.raises((ValueError, LookupError), match=said):
        autoregress.build(**{**QUICK, "data": "digits", **settings})


def test_classes_cannot_be_asked_of_pictures_without_any(tmp_path):
    from PIL import Image

    for number in range(20):
        Image.new("L", (8, 8), number * 10).save(tmp_path / f"{number:02d}.png")
    with pytest.raises(ValueError, match="put each class into a folder of its own"):
        autoregress.build(data=str(tmp_path), conditional=True)


def test_the_same_seed_makes_the_same_network_and_batches(digits):
    one, other = (gated_pixelcnn.build(data=digits, **QUICK, **NARROW, seed=3) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(next(one.batches()), next(other.batches()), strict=True))
