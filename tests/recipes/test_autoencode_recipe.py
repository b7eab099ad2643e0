"""The recipe of autoencoders and its presets: what is built, rebuilt and refused."""

import numpy as np
import pytest
import torch
from PIL import Image

from visus.data.drawings import prepare_drawings
from visus.engine import catalogue
from visus.engine.loop import fit
from visus.models import autoencoders
from visus.recipes import (
    _drawing,
    _form,
    autoencode,
    autoencoder,
    conditional_vae,
    denoising_autoencoder,
    vae,
    vae_mnist,
)
from visus.tasks.autoencode import Restore
from visus.tasks.variational import Variational

SMALL = {"arithmetic": "float32", "epochs": 1.0, "batch": 16, "train": 100}
NARROW = {"dense_vae": {"hidden": 8}, "conv_vae": {"width": 2, "hidden": 8}, "autoencoder": {"hidden": 8}}


@pytest.fixture(scope="module")
def digits():
    return prepare_drawings("digits", levels=2)


@pytest.mark.parametrize("conditional", [False, True], ids=["", "conditional"])
@pytest.mark.parametrize("model", catalogue.names(autoencoders))
def test_a_rebuilt_model_draws_as_the_trained_one(digits, model, conditional):
    task = autoencode.build(data=digits, model=model, conditional=conditional, **SMALL, **NARROW.get(model, {}))
    fit(task, 2)
    task.evaluate()
    facts = task.facts
    twin = _drawing.rebuild(facts)
    twin.load_state_dict(task.model.state_dict())
    labels = torch.tensor([1, 2, 3]) if conditional else None
    one, other = (
        model.eval().sample(3, torch.Generator().manual_seed(0), labels=labels) for model in (task.model, twin)
    )
    assert torch.equal(one, other)
    assert facts["tells"] == "generation"
    assert facts["family"] == "autoencoders"
    assert facts["canvas"]["levels"] == 2
    assert facts["n_classes"] == len(facts["classes"]) == (10 if conditional else 0)


@pytest.mark.parametrize(
    ("preset", "said"),
    [
        (autoencoder, {"model": "autoencoder", "spoil": "none"}),
        (denoising_autoencoder, {"model": "autoencoder", "spoil": "masking"}),
        (vae, {"model": "dense_vae", "latents": 40, "beta": 1.0}),
        (conditional_vae, {"model": "dense_vae", "conditional": True}),
        (vae_mnist, {"data": "mnist", "levels": 2, "latents": 40}),
    ],
    ids=["autoencoder", "denoising", "vae", "conditional", "mnist"],
)
def test_presets_are_the_recipe_with_other_defaults(preset, said):
    fields = _form.fields(preset.build)
    assert {name: fields[name].default for name in said} == said
    assert preset.SUBJECT == autoencode.SUBJECT == "generation"


def test_the_model_decides_what_is_learned(digits):
    plain = autoencode.build(data=digits, spoil="gaussian", strength=0.1, hidden=8, **SMALL)
    assert isinstance(plain, Restore)
    assert plain.spoil is not None
    bound = vae.build(data=digits, k=3, beta=0.5, warm_up=0.5, hidden=8, **(SMALL | {"epochs": 4}))
    assert isinstance(bound, Variational)
    assert (bound.k, bound.beta, bound.warm_up) == (3, 0.5, bound.steps // 2)
    assert bound.steps == 4 * bound.steps_per_epoch


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model": "dense_vae", "spoil": "salt"}, "dense_vae is trained on whole pictures and has no use for spoil"),
        ({"beta": 2.0, "k": 5}, "autoencoder has no posterior and has no use for beta, k; leave it out"),
        ({"model": "dense_vae", "width": 3}, "dense_vae has no setting 'width'"),
        ({"model": "dense_vae", "levels": 256, "likelihood": "bernoulli"}, "levels=2"),
        ({"model": "dense_vae", "free": 0.1, "k": 2}, "set free or k back"),
    ],
    ids=["spoil", "beta", "width", "bernoulli", "free"],
)
def test_settings_that_cannot_be_are_refused_in_a_sentence(settings, said):
    with pytest.raises(ValueError, match=said):
        autoencode.build(**{"data": "digits", **SMALL, **settings})


def test_a_folder_without_classes_can_be_learned_from_but_not_conditionally(tmp_path):
    dice = np.random.default_rng(0)
    for number in range(12):
        Image.fromarray(dice.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(tmp_path / f"{number}.png")
    task = autoencode.build(data=str(tmp_path), hidden=8, **(SMALL | {"batch": 4}))
    fit(task, 1)
    assert task.model.canvas.image == (3, 8, 8)
    assert task.facts["classes"] == []
    with pytest.raises(ValueError, match=r"conditional=yes.*have none"):
        autoencode.build(data=str(tmp_path), conditional=True, **SMALL)
