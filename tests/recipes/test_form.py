"""A recipe's signature is its command line: typed values come back as typed, and nothing unknown passes."""

from functools import partial
from typing import Annotated, Any, Literal

import pytest

from visus import recipes
from visus.engine import catalogue
from visus.models import classifiers
from visus.recipes import _form, classify
from visus.recipes._form import About, Choice, Limits, Range

every_recipe = pytest.mark.parametrize("name", catalogue.names(recipes))


def recipe(
    lr: Annotated[float, Limits(0.0), Range(1e-4, 1.0, log=True), About("rate")] = 0.1,
    epochs: Annotated[int, Limits(1, 100)] = 3,
    flip: bool = False,
    loss: Literal["hinge", "softmax"] = "hinge",
    model: Annotated[str, Choice(classifiers)] = "mlp",
    **settings: Any,
) -> dict[str, Any]:
    return {"lr": lr, "epochs": epochs, "flip": flip, "loss": loss, "model": model, **settings}


def test_words_become_typed_values():
    typed = _form.words(["lr=1e-3", "epochs=5", "flip=yes", "loss=softmax", "model=knn", "k=7"])
    assert _form.read(recipe, typed) == {
        "lr": 1e-3, "epochs": 5, "flip": True, "loss": "softmax", "model": "knn", "k": 7,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["lr=fast"], "lr must be a number, for example 0.1; got 'fast'"),
        (["epochs=2.5"], "epochs must be a whole number, for example 3; got '2.5'"),
        (["epochs=0"], "epochs must be between 1 and 100; got 0"),
        (["lr=-1"], "lr must be at least 0; got -1.0"),
        (["lr=nan"], "lr must be at least 0; got nan"),
        (["flip=maybe"], "flip must be yes or no; got 'maybe'"),
        (["loss=hinges"], "loss must be one of hinge, softmax; got 'hinges'. Did you mean 'hinge'?"),
        (["model=lpm"], "no 'lpm' in classifiers. Did you mean 'mlp'?"),
        (["epoch=3"], "no setting 'epoch'. Did you mean 'epochs'?"),
        (["k=3"], "no setting 'k'"),
        (["lr"], "a setting is written name=value, for example lr=0.01; got 'lr'"),
        (["lr=1", "lr=2"], "lr was given twice: 1 and 2"),
    ],
)
def test_a_mistake_gets_one_sentence(words, sentence):
    with pytest.raises((ValueError, LookupError), match=sentence):
        _form.read(recipe, _form.words(words))


def test_a_preset_keeps_the_form_with_other_defaults():
    preset = partial(recipe, lr=0.5, model="knn", k=3)
    form = _form.fields(preset)
    assert form["lr"].default == 0.5
    assert form["k"].default == 3
    assert form["epochs"].default == 3
    assert _form.resolved(preset, {"epochs": 9})["epochs"] == 9


@every_recipe
def test_every_recipe_explains_every_setting(name):
    form = _form.fields(catalogue.find(recipes, name).build)
    assert form
    for field in form.values():
        field.check(field.default)
        if name == "classify" and field.name in _form.own_fields(classify.build):
            assert field.about, f"{name}: {field.name} has no line of help"


@every_recipe
def test_every_default_can_be_typed(name):
    build = catalogue.find(recipes, name).build
    form = _form.fields(build)
    words = [
        f"{field.name}={'yes' if field.default is True else 'no' if field.default is False else field.default}"
        for field in form.values()
    ]
    assert _form.read(build, _form.words(words)) == {name: field.default for name, field in form.items()}
